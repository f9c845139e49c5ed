package embedding

import "math"

// learn takes a step from one example: a visitor with these clicks, newest last, at most reach, clicked on target next.
func (t *Trainer) learn(clicks []uint32, target uint32) {
	if t.negatives.examples == 0 {
		t.negatives.draw(t)
	}
	var s vector
	used := t.compose(&s, clicks)
	size := normalise(&s)
	if size == 0 {
		return
	}
	g := t.softmax(&s, target)
	axpy(-dot(&g, &s), &s, &g) // through the scaling of s to unit length
	scale(&g, 1/size)
	t.back(&g, clicks, used)
	if t.negatives.examples++; t.negatives.examples == batch {
		t.settle()
	}
}

// compose computes the session's vector as Vectors.Session does, without the clicks that it leaves out at random, and
// returns the set of those it used.
func (t *Trainer) compose(s *vector, clicks []uint32) (used uint32) {
	last := &t.v.items[clicks[len(clicks)-1]]
	for p := range clicks {
		if p > 0 && float32(t.random()>>40)/(1<<24) < t.config.Drop {
			continue
		}
		used |= 1 << p
		e := &t.v.items[clicks[len(clicks)-1-p]]
		axpy(t.v.weight(p, last, e), e, s)
	}
	for d := range s {
		s[d] += dot(&t.v.matrix[d], last)
	}
	return used
}

// softmax moves the target, gathers the gradients of the negatives, and returns that of s.
func (t *Trainer) softmax(s *vector, target uint32) (g vector) {
	n := &t.negatives
	k := len(n.items)
	hot := 1 / t.config.Heat
	e := t.v.items[target]
	t.logits[k] = dot(s, &e)*hot - n.logs[target]
	top := t.logits[k]
	for i := range n.vectors {
		t.logits[i] = dot(s, &n.vectors[i])*hot - n.offsets[i]
		if n.items[i] == target {
			t.logits[i] = -math.MaxFloat32
		}
		top = max(top, t.logits[i])
	}
	sum := float32(0)
	for i, v := range t.logits {
		t.logits[i] = exp(v - top)
		sum += t.logits[i]
	}
	for i := range n.vectors {
		if p := t.logits[i] / sum; p > 1e-4 { // the others move nothing
			axpy(p*hot, &n.vectors[i], &g)
			axpy(p*hot, s, &n.gradients[i])
		}
	}
	p := t.logits[k]/sum - 1
	axpy(p*hot, &e, &g)
	var step vector
	axpy(p*hot, s, &step)
	t.move(target, &step)
	return g
}

// back takes the steps of the clicked items and of a, b and A, for the gradient g of the session's vector.
func (t *Trainer) back(g *vector, clicks []uint32, used uint32) {
	newest := clicks[len(clicks)-1]
	last := t.v.items[newest]
	var pulled vector // gradient of the newest item through its likeness to the others
	for p := range clicks {
		if used>>p&1 == 0 {
			continue
		}
		item := clicks[len(clicks)-1-p]
		e := t.v.items[item]
		with, like := dot(g, &e), dot(&last, &e)
		var step vector
		axpy(t.v.weight(p, &last, &e), g, &step)
		if p == 0 {
			for d := range g {
				axpy(g[d], &t.v.matrix[d], &step)
			}
		} else {
			pull := with * t.v.at[p] * t.v.like[p]
			axpy(pull, &last, &step)
			axpy(pull, &e, &pulled)
			adagrad(&t.v.like[p], &t.sums.like[p], with*t.v.at[p]*like, likeRate)
		}
		adagrad(&t.v.at[p], &t.sums.at[p], with*(1+t.v.like[p]*like), atRate)
		t.move(item, &step)
	}
	t.move(newest, &pulled)
	t.sums.matrix += dot(g, g)
	rate := matrixRate / sqrt(t.sums.matrix)
	for d := range g {
		axpy(-rate*g[d], &last, &t.v.matrix[d])
	}
}

func adagrad(v, sum *float32, g, rate float32) {
	*sum += g * g
	*v -= rate * g / sqrt(*sum)
}

func exp(x float32) float32 {
	if x < -20 {
		return 0
	}
	return float32(math.Exp(float64(x)))
}

// Command defaults fits the ranker's default weights on the training sessions of several data sets together and writes
// them as Go source:
//
//	go run ./bench/sessions/defaults TRAIN... > recommend/ranker/fitted.go
//
// Each TRAIN is a file of training sessions as `orrery backtest sessions` reads it; no test file is opened. Half of the
// examples are learned from with item vectors, half without, so that the weights serve a shop before and after it has
// vectors.
package main

import (
	"bufio"
	"fmt"
	"os"

	"orrery/bench/sessions"
	"orrery/recommend/embedding"
	"orrery/recommend/next"
	"orrery/recommend/ranker"
	"orrery/recommend/session"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cannot fit default weights:", err)
		os.Exit(1)
	}
}

// shop is one data set on its way through the model that all share.
type shop struct {
	train       [][]uint32
	at          int
	recommender *next.Recommender
	vectors     *embedding.Vectors
}

const (
	learned = 0.25 // last share of the sessions that is learned from
	oneIn   = 5    // of those
	turns   = 64   // in which the sets take part in each other's learning
)

func run(paths []string) error {
	model, scratch := ranker.NewBlank(), next.NewScratch()
	var shops []*shop
	for _, path := range paths {
		train, err := sessions.LoadTrain(path, "")
		if err != nil {
			return err
		}
		s := &shop{train: train, recommender: next.NewWith(session.New(session.Config{Blocks: 4 << 20}), model)}
		s.insert(len(train) - int(learned*float64(len(train))))
		t := embedding.NewTrainer(embedding.Config{})
		from, to := s.recommender.Index().Range()
		t.Train(s.recommender.Index(), from, to, nil)
		s.vectors = t.Vectors()
		shops = append(shops, s)
		fmt.Fprintf(os.Stderr, "%s: %d sessions\n", path, len(train))
	}
	for turn := range turns {
		for _, s := range shops {
			s.learn(scratch, s.at+(len(s.train)-s.at)/(turns-turn), turn%2 == 0)
		}
	}
	return write(model)
}

// insert adds the sessions up to a number to the index.
func (s *shop) insert(to int) {
	for ; s.at < to; s.at++ {
		var row session.Row
		for _, item := range s.train[s.at] {
			row = s.recommender.Click(row, item)
		}
	}
}

func (s *shop) learn(scratch *next.Scratch, to int, vectors bool) {
	s.recommender.SetVectors(nil)
	if vectors {
		s.recommender.SetVectors(s.vectors)
	}
	for s.at < to {
		if t := s.train[s.at]; s.at%oneIn == 0 {
			for n := 1; n < len(t); n++ {
				s.recommender.Learn(scratch, t[:n], t[n])
			}
		}
		s.insert(s.at + 1)
	}
}

func write(m *ranker.Model) error {
	w := bufio.NewWriter(os.Stdout)
	fmt.Fprintf(w, "package ranker\n\n// Written by bench/sessions/defaults from %d examples. Do not edit.\n\nvar fitted = [size]float32{", m.Learned())
	for i, v := range m.AppendWeights(nil) {
		if i%12 == 0 {
			fmt.Fprint(w, "\n\t")
		} else {
			fmt.Fprint(w, " ")
		}
		fmt.Fprintf(w, "%.4g,", v)
	}
	fmt.Fprint(w, "\n}\n")
	return w.Flush()
}

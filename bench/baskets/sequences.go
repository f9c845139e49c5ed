package baskets

import (
	"context"
	"io"
	"math/rand/v2"
	"slices"

	"orrery/recommend/embedding"
	"orrery/recommend/next"
	"orrery/recommend/session"
)

// runSequences runs the sequence protocol.
func runSequences(ctx context.Context, c Config, log io.Writer) (*Result, error) {
	all, err := loadSequences(c.File)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Command: c.Command, Protocol: "sequence", Baseline: c.against("item knn"), Definitions: definitions,
		metrics: []measure{{"hr", 5}, {"hr", 10}, {"ndcg", 5}, {"ndcg", 10}},
	}
	// The files' order of customers is no order of time: neighbours in it share items, because they were listed item by
	// item. A recipe that favours the newest would find that out.
	shuffle(all)
	var flat []Basket
	var cases []Case
	for _, items := range all {
		flat = append(flat, Basket{Items: items})
		if c.Valid {
			items = items[:len(items)-1]
		}
		if n := len(items) - 1; n > 0 {
			cases = append(cases, Case{Group: uint32(len(cases)), Cart: items[:n:n], Relevant: items[n:]})
		}
	}
	r.Dataset = describe(setName(c.File), flat)
	r.Dataset.Users = len(all)
	var train []Basket
	for i := range cases {
		train = append(train, Basket{Items: cases[i].Cart})
	}
	exact := count(train)
	rows := []row{
		{"popularity", func() (recipe, error) { return popular{exact.best}, nil }},
		{"item knn", func() (recipe, error) { return newSummed(exact, cosine), nil }},
		{"for_you", func() (recipe, error) { return newForYou(cases), nil }},
	}
	test := c.sampled(cases)
	if c.Shuffle {
		shuffleLabels(test)
	}
	return r, r.run(ctx, test, rows, log)
}

// shuffle brings customers into a fixed random order.
func shuffle(all [][]uint32) {
	random := rand.New(rand.NewPCG(5, 6))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}

// forYou is the engine's recipe: the whole life of a person as one session.
type forYou struct {
	recommender *next.Recommender
	scratch     *next.Scratch
	trainer     *embedding.Trainer
	items       []next.Item
	own         []uint32
	allow       func(uint32) bool
	trained     uint32
}

func newForYou(cases []Case) *forYou {
	f := &forYou{recommender: next.New(session.Config{Blocks: 1 << 20}), scratch: next.NewScratch(), trainer: embedding.NewTrainer(embedding.Config{})}
	f.allow = func(item uint32) bool { return !slices.Contains(f.own, item) }
	last := len(cases) * 6 / 10
	for i := range cases {
		items := cases[i].Cart
		if i == last || i > last && (i-last)%max(len(cases)/12, 1) == 0 {
			f.train()
		}
		if i >= last {
			for n := 1; n < len(items); n++ {
				f.recommender.Learn(f.scratch, items[:n], items[n])
			}
		}
		var row session.Row
		for _, item := range items {
			row = f.recommender.Click(row, item)
		}
	}
	f.train()
	return f
}

func (f *forYou) train() {
	_, newest := f.recommender.Index().Range()
	f.trainer.Train(f.recommender.Index(), f.trained+1, newest, nil)
	f.recommender.SetVectors(f.trainer.Vectors())
	f.trained = newest
}

func (f *forYou) recommend(dst []uint32, c *Case, k int) []uint32 {
	f.own = c.Cart
	f.items = f.recommender.Recommend(f.scratch, f.items[:0], c.Cart, next.Options{N: k, Allow: f.allow})
	for _, it := range f.items {
		dst = append(dst, it.Item)
	}
	return dst
}

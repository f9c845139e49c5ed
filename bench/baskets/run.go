package baskets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"orrery/stream/files"
)

// Config is one backtest; its fields are the flags of `orrery backtest baskets`.
type Config struct {
	File    string
	Against string    // recipe that the others are compared with; default the strongest baseline of the protocol
	Split   time.Time // cart protocol: baskets from here on are the test; zero splits by a hash
	Valid   bool      // tune: leave the test out, and test on the last part of the training
	Shuffle bool      // shuffle what was bought among the cases: a leak check, everything must fall to popularity
	Sample  int       // run about so many cases only; 0 is all
	// Order, Item, Quantity and Time name the columns of a table of order lines; told from the header where empty.
	Order, Item, Quantity, Time string
	Dialect                     files.Config // how the table is written; told from it where empty
	Command                     string       // the command line, for the record
}

func (c *Config) sampled(cases []Case) []Case {
	if c.Sample <= 0 || c.Sample >= len(cases) {
		return cases
	}
	some := make([]Case, c.Sample)
	for i := range some {
		some[i] = cases[i*len(cases)/c.Sample]
	}
	return some
}

// Run runs the protocol that the file's content asks for: a customer a line of JSON is next basket, numbers separated by
// spaces are sequences, all else is carts. It reports progress to log.
func Run(ctx context.Context, c Config, log io.Writer) (*Result, error) {
	first := ""
	err := eachLine(c.File, func(line string) error {
		first = line
		return io.EOF
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case strings.HasPrefix(first, "{") && strings.Contains(first, `"baskets"`):
		return runCustomers(ctx, c, log)
	case first != "" && strings.Trim(first, "0123456789 ") == "":
		return runSequences(ctx, c, log)
	}
	table, err := isTable(&c)
	if err != nil {
		return nil, err
	}
	if table {
		return runCarts(ctx, c, loadTable, log)
	}
	return runCarts(ctx, c, func(c *Config) ([]Basket, string, error) { all, err := loadLines(c.File); return all, "", err }, log)
}

// against names the recipe that the others are compared with.
func (c *Config) against(otherwise string) string {
	if c.Against != "" {
		return c.Against
	}
	return otherwise
}

// runCarts runs the cart protocol.
func runCarts(ctx context.Context, c Config, load func(*Config) ([]Basket, string, error), log io.Writer) (*Result, error) {
	all, columns, err := load(&c)
	if err != nil {
		return nil, err
	}
	train, test := c.divide(all)
	if len(train) == 0 {
		return nil, fmt.Errorf("cannot backtest %q: no basket lies before the split", c.File)
	}
	r := &Result{
		Command: c.Command, Protocol: "cart", Baseline: c.against("cosine"), Definitions: definitions,
		Dataset: describe(setName(c.File), all),
		metrics: []measure{{"hr", 10}, {"mrr", 10}, {"ndcg", 10}},
	}
	r.Dataset.Columns = columns
	exact := count(train)
	rows := []row{
		{"popularity", func() (recipe, error) { return popular{exact.best}, nil }},
		{"cosine", func() (recipe, error) { return newSummed(exact, cosine), nil }},
		{"llr", func() (recipe, error) { return newSummed(exact, llr), nil }},
		{"complements", func() (recipe, error) { return newComplements(train), nil }},
	}
	cases := c.sampled(cartCases(test))
	if c.Shuffle {
		shuffleLabels(cases)
	}
	return r, r.run(ctx, cases, rows, log)
}

// shuffleLabels gives each case what was bought in another one.
func shuffleLabels(cases []Case) {
	random := rand.New(rand.NewPCG(3, 4))
	random.Shuffle(len(cases), func(i, j int) { cases[i].Relevant, cases[j].Relevant = cases[j].Relevant, cases[i].Relevant })
}

// divide splits baskets into training and test.
func (c *Config) divide(all []Basket) (train, test []Basket) {
	for i, b := range all {
		if c.Split.IsZero() && hash(i, 0)%5 == 0 || !c.Split.IsZero() && !b.Time.Before(c.Split) {
			test = append(test, b)
		} else {
			train = append(train, b)
		}
	}
	if c.Valid {
		n := len(train) * 5 / 6
		train, test = train[:n], train[n:]
	}
	return train, test
}

func describe(name string, all []Basket) Dataset {
	d := Dataset{Name: name, Baskets: len(all)}
	items := map[uint32]bool{}
	for _, b := range all {
		d.Entries += len(b.Items)
		for _, i := range b.Items {
			items[i] = true
		}
	}
	d.Items = len(items)
	return d
}

package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// stats is what the server counts.
type stats struct {
	Events  map[string]uint64 `json:"events"`
	Revenue map[string]string `json:"revenue"`
}

func (s *stats) total() (n uint64) {
	for _, k := range s.Events {
		n += k
	}
	return n
}

func (s *stats) money() string {
	text, _ := json.Marshal(s.Revenue)
	return string(text)
}

func (x *run) revenue(ctx context.Context) (string, error) {
	s, err := x.stats(ctx)
	return s.money(), err
}

func (x *run) stats(ctx context.Context) (s *stats, err error) {
	s = new(stats)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+x.node.Addr+"/v1/stats", nil)
	if err != nil {
		return s, err
	}
	q.Header.Set("Authorization", "Bearer "+secretKey)
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return s, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return s, fmt.Errorf("cannot read the statistics: %s", answer.Status)
	}
	return s, json.NewDecoder(answer.Body).Decode(s)
}

// reach waits until the statistics are as wanted.
func (x *run) reach(ctx context.Context, enough func(*stats) bool) error {
	for {
		s, err := x.stats(ctx)
		if err != nil || enough(s) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

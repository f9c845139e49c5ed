package stream

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"

	"orrery/stream/snapshot"
)

// Base is what a state begins with in place of the log's start: facts that came from elsewhere, and the positions in the log
// that they were taken at. Positions that are not among them are at the log's start.
type Base struct {
	Positions []snapshot.Position
	Seed      uint64       // that its keys are made with
	Fold      func() error // into the Machine, which is empty
}

// Ends returns the positions at which the log of a cluster ends now.
func Ends(ctx context.Context, c Cluster) (ends []snapshot.Position, err error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	log, err := listLog(ctx, kadm.NewClient(client), c)
	if err != nil {
		return nil, fmt.Errorf("cannot tell where the log ends: %w", err)
	}
	for _, l := range log {
		ends = append(ends, snapshot.Position{Topic: l.name, TopicID: topicID(l.id), Partition: l.part, Next: l.end, Epoch: -1})
	}
	return ends, nil
}

// begin starts without a snapshot: with the base, if there is one.
func (p *Pipeline) begin(log []logPart) error {
	if p.cfg.Base == nil {
		return nil
	}
	if err := p.accept(snapshot.Header{Positions: p.cfg.Base.Positions, Seed: p.cfg.Base.Seed}, log); err != nil {
		return fmt.Errorf("cannot begin with what was imported: %w", err)
	}
	if err := p.cfg.Base.Fold(); err != nil {
		return fmt.Errorf("cannot begin with what was imported: %w", err)
	}
	p.based = true
	return nil
}

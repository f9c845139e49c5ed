package feed

import "io"

// Check reads a feed and tells what it holds and what a person would mend, without writing anything. each is told every problem.
func Check(src io.Reader, o Options, each func(Problem) error) (Summary, int, error) {
	ids := map[string]bool{}
	sum, err := Read(src, o, func(p *Product) error {
		ids[p.ID] = true
		return nil
	}, each)
	return sum, len(ids), err
}

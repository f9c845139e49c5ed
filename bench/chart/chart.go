// Package chart draws the curves of the benchmarks' reports.
package chart

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// New returns an empty chart with a grid.
func New(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Add(plotter.NewGrid())
	return p
}

// Add draws a curve and names it in the legend, unless name is empty. Of several curves each has dashes of its own length,
// the first, number 0, none. The line is returned for its colour.
func Add(p *plot.Plot, name string, number int, points plotter.XYs) (*plotter.Line, error) {
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil, fmt.Errorf("cannot plot %q: %w", p.Title.Text, err)
	}
	line.Width = vg.Points(1.5)
	if number > 0 {
		line.Dashes = []vg.Length{vg.Points(4 * float64(number)), vg.Points(3)}
	}
	p.Add(line)
	if name != "" {
		p.Legend.Add(name, line)
	}
	return line, nil
}

// Save writes a chart to a file, as .png or .svg.
func Save(p *plot.Plot, file string) error {
	if err := p.Save(16*vg.Centimeter, 9*vg.Centimeter, file); err != nil {
		return fmt.Errorf("cannot write %q: %w", file, err)
	}
	return nil
}

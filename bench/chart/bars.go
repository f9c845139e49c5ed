package chart

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Bar is a value and the interval that it lies in.
type Bar struct{ Value, Low, High float64 }

// Series is one measure: a bar in each group.
type Series struct {
	Name string
	Bars []Bar
}

// fills are the colours of the series, in their order.
var fills = []color.RGBA{{0x2a, 0x5c, 0x8a, 0xff}, {0xd9, 0x8e, 0x32, 0xff}, {0x4f, 0x8a, 0x5b, 0xff}, {0x8a, 0x5a, 0x83, 0xff}}

// SaveBars writes bars with their intervals to a file, as .png or .svg: a group for each name, in it a bar of each series.
func SaveBars(title, y string, names []string, series []Series, file string) error {
	p := plot.New()
	p.Title.Text, p.Y.Label.Text = title, y
	p.Legend.Top, p.Legend.Left = true, true
	p.NominalX(names...)
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	p.Add(grid)
	group := max(60, 22*float64(len(series))) // points
	share := 0.76 / float64(len(series))      // of a group that is a bar's
	for i, s := range series {
		if err := addBars(p, s, fills[i%len(fills)], (float64(i)-float64(len(series)-1)/2)*share, group, share*group-1); err != nil {
			return fmt.Errorf("cannot plot %q: %w", file, err)
		}
	}
	p.X.Min, p.X.Max = -0.6, float64(len(names))-0.4 // the bars have moved them
	p.Y.Min, p.Y.Max = 0, p.Y.Max*(1+0.06*float64(len(series)))
	if err := p.Save(vg.Points(group*float64(len(names))+60), 3.6*vg.Inch, file); err != nil {
		return fmt.Errorf("cannot write %q: %w", file, err)
	}
	return nil
}

// addBars draws a series beside the middle of the groups, offset in groups of so many points, with bars of a width in points.
func addBars(p *plot.Plot, s Series, fill color.Color, offset, group, width float64) error {
	values := make(plotter.Values, len(s.Bars))
	var points struct {
		plotter.XYs
		plotter.YErrors
	}
	for i, b := range s.Bars {
		values[i] = b.Value
		points.XYs = append(points.XYs, plotter.XY{X: float64(i) + offset, Y: b.Value})
		points.YErrors = append(points.YErrors, struct{ Low, High float64 }{b.Value - b.Low, b.High - b.Value})
	}
	bars, err := plotter.NewBarChart(values, vg.Points(width))
	if err != nil {
		return err
	}
	bars.Color, bars.LineStyle.Width, bars.Offset = fill, 0, vg.Points(group*offset)
	whiskers, err := plotter.NewYErrorBars(points)
	if err != nil {
		return err
	}
	p.Add(bars, whiskers)
	p.Legend.Add(s.Name, bars)
	return nil
}

// draw.go: the curves as pictures.

package bench

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// curve is one line of a picture.
type curve struct {
	name   string
	server string
	shade  color.Color
	key    func(x int) Key
	value  Value
}

// picture is a file in docs.
type picture struct {
	file, title, x, y string
	wide              bool // the curves are far apart: the height is a logarithm
	over              func(Settings) []int
	curves            func(Settings) []curve
}

// Colours that people with any eyes tell apart (Okabe and Ito).
func shades() []color.Color {
	return []color.Color{
		color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff},
		color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}, color.RGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff},
	}
}

func servers() []string { return []string{string(harness.Ours), string(harness.Reference)} }

// pictures are all there are.
func pictures() []picture {
	return []picture{
		{"cost-by-entries.svg", "Processor time of an operation by entries, 64 connections", "entries", "µs", true,
			Settings.sizes, func(Settings) (list []curve) {
				for _, server := range servers() {
					for i, w := range grown() {
						list = append(list, curve{server + ", " + w.name, server, shades()[i], func(n int) Key { return Key{w.what, n, 64, 1} }, serverCPU})
					}
				}
				return list
			}},
		{"cost-by-connections.svg", "Processor time of a base search by connections", "connections", "µs", false,
			func(s Settings) []int { return s.Clients }, func(s Settings) (list []curve) {
				for i, server := range servers() {
					list = append(list, curve{server, server, shades()[i], func(n int) Key { return Key{base, s.Entries, n, 1} }, serverCPU})
				}
				return list
			}},
		{"memory-by-entries.svg", "Anonymous memory by entries", "entries", "MiB", false,
			Settings.sizes, func(Settings) (list []curve) {
				for _, server := range servers() {
					for i, what := range []string{idle, worked} {
						list = append(list, curve{server + ", " + what, server, shades()[i], func(n int) Key { return Key{What: what, Entries: n} }, anonymous})
					}
				}
				return list
			}},
	}
}

// steps are the marks of a height that is a logarithm.
func steps() plot.ConstantTicks {
	var marks plot.ConstantTicks
	for decade := 1.0; decade <= 1e6; decade *= 10 {
		for _, n := range []float64{1, 2, 5} {
			marks = append(marks, plot.Tick{Value: n * decade, Label: thousands(n * decade)})
		}
	}
	return marks
}

// draw writes the picture into a folder.
func (p picture) draw(r *Record, s Settings, folder string) error {
	page := plot.New()
	page.Title.Text, page.X.Label.Text, page.Y.Label.Text = p.title, p.x, p.y
	page.X.Scale = plot.LogScale{}
	var marks []plot.Tick
	for _, n := range p.over(s) {
		marks = append(marks, plot.Tick{Value: float64(n), Label: thousands(float64(n))})
	}
	page.X.Tick.Marker = plot.ConstantTicks(marks)
	page.Add(plotter.NewGrid())
	page.Legend.Top, page.Legend.Left, page.Legend.Padding = true, true, vg.Points(2)
	for _, style := range []*draw.TextStyle{&page.Title.TextStyle, &page.X.Label.TextStyle, &page.Y.Label.TextStyle, &page.X.Tick.Label, &page.Y.Tick.Label, &page.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	lowest, highest := math.Inf(1), 0.0
	for _, c := range p.curves(s) {
		points := plotter.XYs{}
		for _, n := range p.over(s) {
			if v, ok := r.median(c.server, c.key(n), c.value); ok {
				points = append(points, plotter.XY{X: float64(n), Y: v})
				lowest, highest = math.Min(lowest, v), math.Max(highest, v)
			}
		}
		if len(points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return fmt.Errorf("draw %s: %w", p.file, err)
		}
		line.Color, line.Width = c.shade, vg.Points(1.5)
		dots.Color, dots.Shape, dots.Radius = c.shade, draw.CircleGlyph{}, vg.Points(2)
		if c.server != string(harness.Ours) {
			line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		}
		page.Add(line, dots)
		page.Legend.Add(c.name, line)
	}
	if highest == 0 {
		return fmt.Errorf("draw %s: nothing was measured", p.file)
	}
	page.X.Max *= 1.1                        // the last mark has its text
	page.Y.Min, page.Y.Max = 0, highest*1.45 // room for the legend
	if p.wide && lowest > 0 {
		page.Y.Scale, page.Y.Tick.Marker = plot.LogScale{}, steps()
		page.Y.Min, page.Y.Max = lowest/1.2, highest*math.Pow(highest/lowest, 0.8)
	}
	if err := page.Save(18*vg.Centimeter, 11*vg.Centimeter, filepath.Join(folder, p.file)); err != nil {
		return fmt.Errorf("draw %s: %w", p.file, err)
	}
	return nil
}

package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
)

// Measures of the picture, in its own units.
const (
	pictureWidth, pictureHeight = 760, 440
	left, right                 = 84, 600 // of the plot; series are named to the right of it
	top, bottom                 = 78, 346
	gridLines                   = 5
)

// The picture follows the scheme of whoever looks at it, and has a ground of its
// own, so that it can be read on any page.
const pictureHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="title description">
<title id="title">What a sign-in costs, by the size of the installation</title>
<desc id="description">%s</desc>
<style>
.ground { fill: #ffffff } .value { stroke: #ffffff; stroke-width: 5px; paint-order: stroke } text { fill: #1f2328; font: 13px system-ui, sans-serif } .title { font-size: 17px; font-weight: 600 } .quiet { fill: #59636e }
.grid { stroke: #d1d9e0; stroke-width: 1 } .axis { stroke: #59636e; stroke-width: 1.25 }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round } .aim { stroke-width: 1.25; stroke-dasharray: 5 4; opacity: .8 }
.s0 { stroke: #0757ba } .s1 { stroke: #b3400a } .s2 { stroke: #59636e } .d0 { fill: #0757ba } .d1 { fill: #b3400a } .d2 { fill: #59636e } .value { font-weight: 600 }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117 } .value { stroke: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #30363d } .axis { stroke: #9198a1 }
.s0 { stroke: #6cb0ff } .s1 { stroke: #ff9d5c } .s2 { stroke: #9198a1 } .d0 { fill: #6cb0ff } .d1 { fill: #ff9d5c } .d2 { fill: #9198a1 }
}
</style>
<rect class="ground" width="100%%" height="100%%" rx="8"/>
`

// drawn is one line of the picture.
type drawn struct {
	class  int // s0 …
	name   string
	values []float64
	aim    float64 // 0: none
}

// picture draws the server's CPU of a sign-in against the number of credentials.
func (r *results) picture() []byte {
	series := r.drawn()
	highest := 0.0
	for _, s := range series {
		highest = max(highest, s.aim)
		for _, v := range s.values {
			highest = max(highest, v)
		}
	}
	step := niceStep(highest / gridLines)
	f := frame{sizes: r.Sizes, top: step * math.Ceil(highest*1.05/step)}
	if f.top == 0 {
		f.top, step = 1, 1
	}

	var b bytes.Buffer
	fmt.Fprintf(&b, pictureHead, pictureWidth, pictureHeight, describe(series, r.Sizes))
	fmt.Fprintf(&b, `<text class="title" x="%d" y="32">What a sign-in costs, by the size of the installation</text>`+"\n", left-60)
	fmt.Fprintf(&b, `<text class="quiet" x="%d" y="54">server CPU of a sign-in, in milliseconds</text>`+"\n", left-60)
	for v := 0.0; v <= f.top+step/2; v += step {
		fmt.Fprintf(&b, `<path class="%s" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			map[bool]string{true: "axis", false: "grid"}[v == 0], left, f.y(v), right, left-10, f.y(v)+4.5, label(v, step))
	}
	for i, size := range r.Sizes {
		fmt.Fprintf(&b, `<path class="axis" d="M%.1f %dv6"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", f.x(i), bottom, f.x(i), bottom+22, thousands(size))
	}
	fmt.Fprintf(&b, `<text class="quiet" x="%d" y="%d" text-anchor="middle">credentials in the database (logarithmic)</text>`+"\n", (left+right)/2, bottom+46)
	names := placeNames(series, f)
	for i, s := range series {
		f.draw(&b, s, series, names[i])
	}
	fmt.Fprintf(&b, `<text class="quiet" x="%d" y="%d">dashed: the aim, at most 1.15 × the cost at %s</text>`+"\n", left-60, pictureHeight-16, thousands(r.Sizes[0]))
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// drawn are the lines: one for each number of workers, and the limit of the last.
func (r *results) drawn() []drawn {
	var list []drawn
	var limit []float64
	for i, sizes := range r.Compared {
		d := drawn{class: i % 2, name: fmt.Sprintf("%d workers", sizes[0].Workers), aim: 1.15 * sizes[0].Server.SignInCPU}
		limit = nil
		for _, m := range sizes {
			d.values = append(d.values, m.Server.SignInCPU)
			limit = append(limit, m.Server.LimitCPU)
		}
		list = append(list, d)
	}
	last := r.Compared[len(r.Compared)-1][0].Workers
	return append(list, drawn{class: 2, name: fmt.Sprintf("limit, %d workers", last), values: limit})
}

// frame maps values onto the picture.
type frame struct {
	sizes []int
	top   float64
}

func (f frame) x(i int) float64 {
	lowest, highest := math.Log10(float64(f.sizes[0])), math.Log10(float64(f.sizes[len(f.sizes)-1]))
	if highest == lowest {
		return (left + right) / 2
	}
	const margin = 36
	part := (math.Log10(float64(f.sizes[i])) - lowest) / (highest - lowest)
	return left + margin + part*(right-left-2*margin)
}

func (f frame) y(v float64) float64 { return bottom - v/f.top*(bottom-top) }

func (f frame) draw(b *bytes.Buffer, s drawn, all []drawn, nameAt float64) {
	if s.aim > 0 {
		fmt.Fprintf(b, `<path class="aim s%d" d="M%d %.1fH%d"/>`+"\n", s.class, left, f.y(s.aim), right)
	}
	var path strings.Builder
	for i, v := range s.values {
		fmt.Fprintf(&path, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[i == 0], f.x(i), f.y(v))
	}
	fmt.Fprintf(b, `<path class="line s%d" d="%s"/>`+"\n", s.class, path.String())
	for i, v := range s.values {
		// Beside the others, not on them.
		below := 22.0
		if highestAt(all, i) == v {
			below = -12
		}
		fmt.Fprintf(b, `<circle class="d%d" cx="%.1f" cy="%.1f" r="4.5"/><text class="value d%d" x="%.1f" y="%.1f" text-anchor="middle">%.2f</text>`+"\n",
			s.class, f.x(i), f.y(v), s.class, f.x(i), f.y(v)+below, v)
	}
	fmt.Fprintf(b, `<text class="value d%d" x="%d" y="%.1f">%s</text>`+"\n", s.class, right+12, nameAt+4.5, s.name)
}

func highestAt(all []drawn, i int) (v float64) {
	for _, s := range all {
		v = max(v, s.values[i])
	}
	return v
}

// placeNames puts each name at the height of its line's end, and apart from the
// names before it.
func placeNames(series []drawn, f frame) []float64 {
	at := make([]float64, len(series))
	for i, s := range series {
		at[i] = f.y(s.values[len(s.values)-1])
		for j := range i {
			if math.Abs(at[i]-at[j]) < 18 {
				at[i] = at[j] + 18
			}
		}
	}
	return at
}

// niceStep is 1, 2 or 5 times a power of ten, and at least v.
func niceStep(v float64) float64 {
	if v <= 0 {
		return 0
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= v {
			return n * power
		}
	}
	return 10 * power
}

func label(v, step float64) string {
	return fmt.Sprintf("%.*f", max(0, int(-math.Floor(math.Log10(step)))), v)
}

// describe says the picture in words, for who does not see it.
func describe(series []drawn, sizes []int) string {
	parts := make([]string, len(series))
	for i, s := range series {
		points := make([]string, len(s.values))
		for j, v := range s.values {
			points[j] = fmt.Sprintf("%.2f ms at %s credentials", v, thousands(sizes[j]))
		}
		parts[i] = s.name + ": " + strings.Join(points, ", ")
	}
	return strings.Join(parts, "; ") + "."
}

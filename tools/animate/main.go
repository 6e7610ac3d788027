// Animate makes an animated GIF of pictures of a screen: one palette for all, made
// from them, no dithering, and of each picture only what has changed.
//
//	animate -o FILE.gif PICTURE.png=MILLISECONDS...
//
// Pictures that are the same as the one before lengthen it. It fails when the file
// would be larger than -max bytes.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	out := flag.String("o", "", "the file to write")
	most := flag.Int("max", 3<<20, "how many bytes it may have")
	flag.Parse()
	if err := run(os.Stdout, *out, *most, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "animate:", err)
		os.Exit(1)
	}
}

func run(says io.Writer, out string, most int, args []string) error {
	if out == "" || len(args) == 0 {
		return errors.New("usage: animate -o FILE.gif PICTURE.png=MILLISECONDS, and so on")
	}
	frames, err := load(args)
	if err != nil {
		return err
	}
	animation, err := animate(frames)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, animation); err != nil {
		return err
	}
	if b.Len() > most {
		return fmt.Errorf("%s would have %d bytes, more than %d", out, b.Len(), most)
	}
	if _, err := fmt.Fprintf(says, "%s: %d pictures, %d bytes\n", out, len(animation.Image), b.Len()); err != nil {
		return err
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}

// frame is a picture, and how long it is shown.
type frame struct {
	picture *image.RGBA
	length  time.Duration
}

// load reads pictures, and makes one of those that follow each other and are the same.
func load(args []string) ([]frame, error) {
	var frames []frame
	for _, arg := range args {
		name, text, _ := strings.Cut(arg, "=")
		ms, err := strconv.Atoi(text)
		if err != nil || ms <= 0 {
			return nil, fmt.Errorf("%s does not say for how many milliseconds", arg)
		}
		picture, err := read(name)
		if err != nil {
			return nil, err
		}
		length := time.Duration(ms) * time.Millisecond
		if last := len(frames) - 1; last >= 0 && bytes.Equal(frames[last].picture.Pix, picture.Pix) {
			frames[last].length += length
			continue
		}
		frames = append(frames, frame{picture, length})
	}
	return frames, nil
}

func read(name string) (*image.RGBA, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	decoded, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	picture := image.NewRGBA(image.Rectangle{Max: decoded.Bounds().Size()})
	draw.Draw(picture, picture.Rect, decoded, decoded.Bounds().Min, draw.Src)
	return picture, nil
}

// animate turns pictures into those of a GIF.
func animate(frames []frame) (*gif.GIF, error) {
	size := frames[0].picture.Rect
	pictures := make([]*image.RGBA, len(frames))
	for i, f := range frames {
		if f.picture.Rect != size {
			return nil, fmt.Errorf("picture %d is %v, the first one %v", i+1, f.picture.Rect.Size(), size.Size())
		}
		pictures[i] = f.picture
	}
	palette := makePalette(pictures)
	transparent := uint8(len(palette))
	index := indexes(pictures, palette)
	palette = append(palette, color.RGBA{})
	animation := &gif.GIF{Config: image.Config{ColorModel: palette, Width: size.Dx(), Height: size.Dy()}}
	var before []uint8
	for _, f := range frames {
		now := make([]uint8, size.Dx()*size.Dy())
		for i := range now {
			now[i] = index[[3]uint8(f.picture.Pix[4*i:4*i+3])]
		}
		animation.Image = append(animation.Image, changed(before, now, size, palette, transparent))
		animation.Delay = append(animation.Delay, int(f.length/(10*time.Millisecond)))
		animation.Disposal = append(animation.Disposal, gif.DisposalNone)
		before = now
	}
	return animation, nil
}

// indexes says which colour of the palette each colour becomes.
func indexes(pictures []*image.RGBA, palette color.Palette) map[[3]uint8]uint8 {
	index := map[[3]uint8]uint8{}
	for _, p := range pictures {
		for i := 0; i < len(p.Pix); i += 4 {
			c := [3]uint8(p.Pix[i : i+3])
			if _, known := index[c]; !known {
				index[c] = uint8(palette.Index(color.RGBA{c[0], c[1], c[2], 255}))
			}
		}
	}
	return index
}

// changed is the part of a picture in which it differs from the one before; what is
// the same there is transparent.
func changed(before, now []uint8, size image.Rectangle, palette color.Palette, transparent uint8) *image.Paletted {
	part := size
	if before != nil {
		part = image.Rectangle{}
		for y := range size.Dy() {
			for x := range size.Dx() {
				if i := y*size.Dx() + x; before[i] != now[i] {
					part = part.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		if part.Empty() { // it differs in colours that the palette does not have
			part = image.Rect(0, 0, 1, 1)
		}
	}
	p := image.NewPaletted(part, palette)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			i := y*size.Dx() + x
			if before != nil && before[i] == now[i] {
				p.SetColorIndex(x, y, transparent)
			} else {
				p.SetColorIndex(x, y, now[i])
			}
		}
	}
	return p
}

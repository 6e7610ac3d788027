package eye_test

import (
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/makiuchi-d/gozxing"
	zxing "github.com/makiuchi-d/gozxing/qrcode"

	"github.com/hitherauth/hither/internal/eye"
)

// slow is gozxing's own reader, tried in every way that it has.
func slow(picture image.Image) (string, bool) {
	source := gozxing.NewLuminanceSourceFromImage(picture)
	for _, binarizer := range []gozxing.Binarizer{gozxing.NewHybridBinarizer(source), gozxing.NewGlobalHistgramBinarizer(source)} {
		bitmap, err := gozxing.NewBinaryBitmap(binarizer)
		if err != nil {
			return "", false
		}
		for _, hint := range []gozxing.DecodeHintType{gozxing.DecodeHintType_TRY_HARDER, gozxing.DecodeHintType_PURE_BARCODE} {
			if result, err := zxing.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{hint: true}); err == nil {
				return result.GetText(), true
			}
		}
	}
	return "", false
}

// seen is a picture as it may come out of a camera: each point of it is taken from
// where the function says.
type seen struct {
	image.Image
	from func(x, y float64) (float64, float64)
}

func (s seen) At(x, y int) color.Color {
	b := s.Bounds()
	middle := b.Min.Add(b.Size().Div(2))
	fx, fy := s.from(float64(x-middle.X), float64(y-middle.Y))
	p := image.Pt(middle.X+int(math.Round(fx)), middle.Y+int(math.Round(fy)))
	if !p.In(b) {
		return color.White
	}
	return s.Image.At(p.X, p.Y)
}

// TestFindsWhatSlowerTriesFind compares both readers over codes of browsers and of
// terminals that are smaller, larger, turned and seen from the side.
func TestFindsWhatSlowerTriesFind(t *testing.T) {
	t.Parallel()
	views := map[string]func(x, y float64) (float64, float64){}
	for _, size := range []float64{0.55, 0.8, 1.2} {
		views["of size "+image.Pt(int(100*size), 100).String()] = func(x, y float64) (float64, float64) { return x / size, y / size }
	}
	for _, degrees := range []float64{3, 92} {
		sin, cos := math.Sincos(degrees / 180 * math.Pi)
		views["turned "+image.Pt(int(degrees), 0).String()] = func(x, y float64) (float64, float64) { return x*cos - y*sin, x*sin + y*cos }
	}
	for _, tilt := range []float64{6e-4} {
		views["tilted "+image.Pt(int(tilt*1e4), 0).String()] = func(x, y float64) (float64, float64) {
			return x / (1 + tilt*y), y / (1 + tilt*y)
		}
	}
	views["mirrored"] = func(x, y float64) (float64, float64) { return -x, y }
	codes := []image.Image{drawn(t, texts(1)[0])}
	dialog := image.Rect(370, 60, 910, 600)
	codes = append(codes, readPicture(t, "light").SubImage(dialog), readPicture(t, "dark-opening").SubImage(dialog), readPicture(t, "terminal"))
	misses, more := 0, 0
	for i, code := range codes {
		for name, view := range views {
			picture := asRGBA(seen{code, view})
			want, ok := slow(picture)
			found := eye.Find(picture)
			if ok && !slices.Contains(found, want) {
				misses++
				t.Errorf("picture %d %s: %q is not found, but %q", i, name, want, found)
			}
			if !ok && len(found) > 0 {
				more++
			}
			if !ok && len(found) == 0 {
				t.Logf("picture %d %s: nobody finds it", i, name)
			}
		}
	}
	t.Logf("%d missed, %d found that slower tries miss", misses, more)
}

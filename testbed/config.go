package testbed

import (
	"image"
	"log/slog"
	"time"
)

// Config describes a test bed. The zero value is a good one.
type Config struct {
	// Screen is the size of the screen in pixels. Zero: 1280 by 900.
	Screen image.Point
	// Chromium is the browser: a path, or a name in PATH. "": chromium,
	// chromium-browser or google-chrome, whichever is in PATH first. A bed can be
	// without one.
	Chromium string
	// Interval is how often adverts are sent. 0: every 100 ms. One is sent at once,
	// too, when a phone begins to advertise and when a browser begins to listen.
	Interval time.Duration
	// Logger hears, at debug, what begins and ends. Nil: discarded.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Screen == (image.Point{}) {
		c.Screen = image.Pt(1280, 900)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

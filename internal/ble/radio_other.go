//go:build !linux

package ble

import (
	"context"
	"runtime"
)

// Open says that only Linux is supported.
func Open(_ context.Context, _ Config) (*Radio, error) { return nil, unsupported() }

// Scan says that only Linux is supported.
func (r *Radio) Scan(_ context.Context, _ func(serviceData []byte)) (wait func() error, err error) {
	return nil, unsupported()
}

// Advertise says that only Linux is supported.
func (r *Radio) Advertise(_ context.Context, _ []byte) (stop func() error, err error) {
	return nil, unsupported()
}

func unsupported() *Error {
	return failure(CodeUnsupported, "no Bluetooth on %s: only Linux is supported", runtime.GOOS)
}

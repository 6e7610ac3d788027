//go:build !linux

package main

import (
	"context"
	"errors"
	"os"
)

func passedOn() []os.Signal { return []os.Signal{os.Interrupt} }

func signalGroup(int, os.Signal) {}

// inBed is never reached: there is no bed here.
func (program) inBed(context.Context, *stage, *courier, []string) error { return errors.ErrUnsupported }

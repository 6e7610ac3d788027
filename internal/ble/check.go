package ble

import (
	"context"
	"crypto/rand"
	"errors"
)

// Step is one of the things that must be in order for Bluetooth to be of use.
type Step string

// The steps, in the order in which they are looked at.
const (
	StepAdapter    Step = "adapter"    // D-Bus, BlueZ and an adapter are there
	StepPower      Step = "power"      // the adapter is switched on
	StepPermission Step = "permission" // this program may use it
	StepScan       Step = "scan"       // it can listen for adverts
	StepAdvertise  Step = "advertise"  // it can send one
)

// Finding is what [Check] has found out about one step.
type Finding struct {
	Step Step
	// Tried is false when something that was found before is in the way.
	Tried bool
	// Err says what is wrong: an [*Error], unless Check was interrupted. Nil: nothing is.
	Err error
	// Detail is, for [StepAdapter], the name of the adapter.
	Detail string
}

// Check finds out whether Bluetooth can be used, by using it: it listens for a
// moment, and for a moment sends an advert of random bytes, which belongs to
// nobody. It returns one finding for each step, in their order.
func Check(ctx context.Context, c Config) []Finding {
	radio, err := Open(ctx, c)
	if err != nil {
		switch blames(err) {
		case StepPower:
			return findings(Finding{Step: StepAdapter, Tried: true}, Finding{Step: StepPower, Tried: true, Err: err})
		case StepPermission:
			return findings(Finding{Step: StepPermission, Tried: true, Err: err})
		default:
			return findings(Finding{Step: StepAdapter, Tried: true, Err: err})
		}
	}
	found := []Finding{{Step: StepAdapter, Tried: true, Detail: radio.Adapter()}, {Step: StepPower, Tried: true}}
	permission := Finding{Step: StepPermission, Tried: true}
	for _, f := range []Finding{
		{Step: StepScan, Tried: true, Err: radio.tryScan(ctx)},
		{Step: StepAdvertise, Tried: true, Err: radio.tryAdvertise(ctx)},
	} {
		if f.Err != nil && blames(f.Err) == StepPermission {
			permission.Err = f.Err
			continue
		}
		found = append(found, f)
	}
	return findings(append(found, permission)...)
}

// blames is the step that an error belongs to, if not to the one that failed.
func blames(err error) Step {
	if e, ok := errors.AsType[*Error](err); ok {
		switch e.Code {
		case CodePoweredOff:
			return StepPower
		case CodeNoPermission:
			return StepPermission
		default:
		}
	}
	return ""
}

// findings puts all steps into their order; those that are not in found were not
// tried.
func findings(found ...Finding) []Finding {
	all := []Finding{{Step: StepAdapter}, {Step: StepPower}, {Step: StepPermission}, {Step: StepScan}, {Step: StepAdvertise}}
	for i := range all {
		for _, f := range found {
			if f.Step == all[i].Step {
				all[i] = f
			}
		}
	}
	return all
}

func (r *Radio) tryScan(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wait, err := r.Scan(ctx, func([]byte) {})
	if err != nil {
		return err
	}
	cancel()
	return wait()
}

func (r *Radio) tryAdvertise(ctx context.Context) error {
	var nobodys [20]byte
	_, _ = rand.Read(nobodys[:]) // never fails
	stop, err := r.Advertise(ctx, nobodys[:])
	if err != nil {
		return err
	}
	return stop()
}

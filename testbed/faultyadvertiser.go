package testbed

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/hitherauth/hither/hybrid"
)

// faultyAdvertiser is a phone's radio, with what is wrong with it.
type faultyAdvertiser struct {
	hybrid.Advertiser
	faults flaws
	// struck is told of each fault that strikes.
	struck func(Fault)
	// drop ends the transaction and says why.
	drop func(Fault) error
}

// Advertise is [hybrid.Advertiser]'s. Its stop is called when the browser has come
// and has said its part of the handshake, before the phone answers.
func (a faultyAdvertiser) Advertise(ctx context.Context, serviceData []byte) (stop func() error, err error) {
	silence := func() error { return nil }
	if a.faults.has(NoAdvert) {
		a.struck(NoAdvert)
	} else if silence, err = a.Advertiser.Advertise(ctx, a.spoilt(serviceData)); err != nil {
		return nil, err
	}
	if !a.faults.has(DropConnection) {
		return silence, nil
	}
	return func() error {
		err := silence()
		if ctx.Err() != nil {
			return err // nobody came
		}
		return a.drop(DropConnection)
	}, nil
}

// spoilt is what goes on the air.
func (a faultyAdvertiser) spoilt(serviceData []byte) []byte {
	serviceData = slices.Clone(serviceData)
	if a.faults.has(WrongKey) {
		a.struck(WrongKey)
		_, _ = rand.Read(serviceData) // never fails
	}
	if a.faults.has(AdvertSuffix) {
		a.struck(AdvertSuffix)
		serviceData = append(serviceData, 0)
	}
	return serviceData
}

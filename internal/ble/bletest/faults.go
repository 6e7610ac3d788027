package bletest

import (
	"slices"
	"time"

	"github.com/godbus/dbus/v5"
)

// Faults are what goes wrong on the air and in BlueZ. The zero value is that
// nothing does.
type Faults struct {
	// Lose is how many times each advert is sent without anybody hearing it.
	// Negative: nobody ever does.
	Lose int
	// Repeat is how many times more each hearing is reported.
	Repeat int
	// Delay is how long after its registration an advert is first heard.
	Delay time.Duration
	// Corrupt has each advert heard with one bit wrong.
	Corrupt bool
	// Refusals are the calls that fail. The first one that fits is taken.
	Refusals []Refusal
}

// Refusal makes calls of methods of BlueZ fail.
type Refusal struct {
	// Method is the method's name, such as "StartDiscovery". Empty: all methods.
	Method string
	// Error is the D-Bus name of the error, such as [AccessDenied]. Empty: the
	// call is never answered.
	Error string
	// Times is how many calls fail. 0: all.
	Times int
}

// Names of errors, for [Refusal].
const (
	AccessDenied  = "org.freedesktop.DBus.Error.AccessDenied" // what a bus says to who has no permission
	NotAuthorized = "org.bluez.Error.NotAuthorized"
	NotPermitted  = "org.bluez.Error.NotPermitted" // to RegisterAdvertisement: no slot is left
	NotReady      = "org.bluez.Error.NotReady"
	InProgress    = "org.bluez.Error.InProgress"
	Failed        = "org.bluez.Error.Failed"

	invalidArguments = "org.bluez.Error.InvalidArguments"
	invalidLength    = "org.bluez.Error.InvalidLength"
	alreadyExists    = "org.bluez.Error.AlreadyExists"
	doesNotExist     = "org.bluez.Error.DoesNotExist"
	unknownObject    = "org.freedesktop.DBus.Error.UnknownObject"
	unknownInterface = "org.freedesktop.DBus.Error.UnknownInterface"
	unknownMethod    = "org.freedesktop.DBus.Error.UnknownMethod"
	invalidArgs      = "org.freedesktop.DBus.Error.InvalidArgs"
	readOnly         = "org.freedesktop.DBus.Error.PropertyReadOnly"
)

// SetFaults replaces all faults, and counts anew.
func (b *BlueZ) SetFaults(f Faults) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f.Refusals = slices.Clone(f.Refusals)
	b.faults = f
	for _, ad := range b.adverts {
		ad.sent = 0
	}
}

// refuse says whether a call of method is to fail, and how.
func (b *BlueZ) refuse(method string) (name string, refused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.faults.Refusals {
		r := &b.faults.Refusals[i]
		if r.Method != "" && r.Method != method || r.Times < 0 {
			continue
		}
		if r.Times == 1 {
			r.Times = -1 // it was the last one
		} else if r.Times > 1 {
			r.Times--
		}
		return r.Error, true
	}
	return "", false
}

// refusal is an error of that name as BlueZ makes them.
func refusal(name, words string) error { return dbus.NewError(name, []any{words}) }

package testbed

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hitherauth/hither/ctap2"
)

// flaws are the faults of a phone at a time.
type flaws []Fault

// parseFlaws reads faults. CounterBack is one of phones that count.
func parseFlaws(faults []Fault, counting bool) (flaws, error) {
	read := make(flaws, 0, len(faults))
	for _, f := range faults {
		f, err := ParseFault(string(f))
		if err != nil {
			return nil, err
		}
		if f == CounterBack && !counting {
			return nil, errors.New("testbed: counter_back is a fault of phones that count, and this one does not")
		}
		read = append(read, f)
	}
	return read, nil
}

func (f flaws) has(fault Fault) bool { return slices.Contains(f, fault) }

// status is the first one to answer with.
func (f flaws) status() (s ctap2.StatusCode, fault Fault, ok bool) {
	for _, fault := range f {
		if s, ok := fault.status(); ok {
			return s, fault, true
		}
	}
	return 0, "", false
}

// delay is how long the person waits in all.
func (f flaws) delay() (all time.Duration) {
	for _, fault := range f {
		if d, ok := fault.delay(); ok {
			all += d
		}
	}
	return all
}

// tunnelStatus is what the browser's connect gets; 0: the tunnel.
func (f flaws) tunnelStatus() (status int, fault Fault) {
	for _, fault := range f {
		if text, ok := strings.CutPrefix(string(fault), tunnelPrefix); ok {
			status, _ = strconv.Atoi(text) // it was read
			return status, fault
		}
	}
	return 0, ""
}

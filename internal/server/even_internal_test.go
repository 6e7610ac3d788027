package server

import (
	"testing"
	"time"
)

func TestEvenOut(t *testing.T) {
	t.Parallel()
	for passed, least := range map[time.Duration]time.Duration{
		0:                         evenStep,
		evenStep / 5:              evenStep,
		evenStep + evenStep/2:     2 * evenStep,
		3*evenStep - sleepSlack/2: 3 * evenStep,
	} {
		arrived := time.Now().Add(-passed)
		evenOut(arrived)
		if took := time.Since(arrived); took < least {
			t.Errorf("after %v: went on at %v, want %v at least", passed, took, least)
		}
	}
}

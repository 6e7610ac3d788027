package testbed

import (
	"fmt"
	"time"

	"github.com/hitherauth/hither/internal/ble/bletest"
)

// Air is what goes wrong between phones and browsers. The zero value is that nothing
// does.
type Air struct {
	// Lose is how many times each advert is sent without anybody hearing it.
	// Negative: nobody ever does.
	Lose int
	// Repeat is how many times more each hearing is reported.
	Repeat int
	// Delay is how long after a phone began to advertise it is first heard.
	Delay time.Duration
	// Corrupt has each advert heard with one bit wrong.
	Corrupt bool
}

// SetAir replaces what goes wrong on the air, for adverts that are on it, too.
func (b *Bed) SetAir(air Air) {
	b.airMu.Lock()
	defer b.airMu.Unlock()
	b.air = air
	b.bluez.SetFaults(bletest.Faults{Lose: air.Lose, Repeat: air.Repeat, Delay: air.Delay, Corrupt: air.Corrupt})
	b.diary.note(Event{Kind: "air_set", Detail: fmt.Sprintf("%+v", air)})
}

// Air is what goes wrong on the air.
func (b *Bed) Air() Air {
	b.airMu.Lock()
	defer b.airMu.Unlock()
	return b.air
}

// SetPower switches the Bluetooth adapter on or off, which all programs of this bed
// have in common: phones, too, are silent without it.
func (b *Bed) SetPower(on bool) {
	b.bluez.SetPower(on)
	kind := "power_on"
	if !on {
		kind = "power_off"
	}
	b.diary.note(Event{Kind: kind})
}

// Power says whether the Bluetooth adapter is on. Programs may have switched it: a
// browser offers to.
func (b *Bed) Power() bool { return b.bluez.Powered() }

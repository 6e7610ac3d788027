package main

import (
	"context"
	"errors"

	"github.com/hitherauth/hither/internal/ble"
)

// checkBluetooth is the radio of this machine, step by step.
func (p program) checkBluetooth(ctx context.Context) []finding {
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	var out []finding
	for _, found := range ble.Check(ctx, ble.Config{BusAddress: p.getenv("DBUS_SYSTEM_BUS_ADDRESS")}) {
		f := finding{Check: "bluetooth_" + string(found.Step), Subject: "Bluetooth, " + bluetoothStep(found.Step), Verdict: inOrder, Detail: found.Detail}
		switch e, known := errors.AsType[*ble.Error](found.Err); {
		case !found.Tried:
			f.Verdict = notTried
		case known:
			f.Verdict, f.Code, f.Detail, f.Remedy = failed, string(e.Code), e.Err.Error(), e.Hint()
		case found.Err != nil:
			f.Verdict, f.Code, f.Detail, f.Remedy = failed, "no_answer", "no answer in time", "restart Bluetooth: systemctl restart bluetooth"
		}
		if f.Verdict == failed && found.Step == ble.StepAdvertise {
			f.Verdict = warning // a sign-in only hears
		}
		out = append(out, f)
	}
	return out
}

// bluetoothStep is what a step is called.
func bluetoothStep(s ble.Step) string {
	switch s {
	case ble.StepAdapter:
		return "adapter"
	case ble.StepPower:
		return "switched on"
	case ble.StepPermission:
		return "permission to use it"
	case ble.StepScan:
		return "hearing phones"
	case ble.StepAdvertise:
		return "being heard (hither phone)"
	}
	return string(s)
}

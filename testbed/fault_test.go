package testbed_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hitherauth/hither/ctap2"
	"github.com/hitherauth/hither/testbed"
)

func TestFaultText(t *testing.T) {
	t.Parallel()
	faults := testbed.Faults()
	for i, f := range faults {
		parsed, err := testbed.ParseFault(f.String())
		if err != nil || parsed != f {
			t.Errorf("%s is read as %q, %v", f, parsed, err)
		}
		if slices.Contains(faults[:i], f) {
			t.Errorf("%s is there twice", f)
		}
	}
	b, err := json.Marshal(faults)
	if err != nil {
		t.Fatal(err)
	}
	var again []testbed.Fault
	if err := json.Unmarshal(b, &again); err != nil || !slices.Equal(again, faults) {
		t.Errorf("%s is read as %v, %v", b, again, err)
	}
}

func TestFaultsWithParameters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]testbed.Fault{
		"ctap_0x27":        testbed.AnswersStatus(ctap2.StatusOperationDenied),
		"ctap_0xf0":        testbed.AnswersStatus(0xf0),
		"slow_user_3s":     testbed.SlowUser(3 * time.Second),
		"slow_user_3000ms": testbed.SlowUser(3 * time.Second),
		"slow_user_1.5m":   testbed.SlowUser(90 * time.Second),
		"slow_user_60m":    testbed.SlowUser(time.Hour),
	} {
		if got, err := testbed.ParseFault(text); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestNoFault(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "none", "No_Advert", " no_advert", "no_advert ", "tunnel_418", "ctap_", "ctap_0x", "ctap_0x7", "ctap_0x2F", "ctap_0x270",
		"ctap_0x00", "ctap_27", "slow_user", "slow_user_", "slow_user_0s", "slow_user_-3s", "slow_user_3", "slow_user_3s ", "slow_user_1h0m0.1s", strings.Repeat("x", 1000),
	} {
		if f, err := testbed.ParseFault(text); err == nil || f != "" || len(err.Error()) > 200 {
			t.Errorf("%.80q is %q, %v", text, f, err)
		}
		if _, err := json.Marshal(testbed.Fault(text)); err == nil {
			t.Errorf("%.80q was written", text)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	for _, fault := range testbed.Faults() {
		f.Add(fault.String())
	}
	f.Add("slow_user_9223372036854775807ns")
	f.Add("slow_user_1h1m1.5s")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := testbed.ParseFault(text)
		if err != nil {
			if fault != "" {
				t.Errorf("%q beside an error", fault)
			}
			return
		}
		again, err := testbed.ParseFault(fault.String())
		if err != nil || again != fault {
			t.Errorf("%q becomes %q, then %q, %v", text, fault, again, err)
		}
	})
}

package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// exposure is what `systemd-analyze security` may say of the unit at most, in
// tenths: 0 is no exposure, 100 all of it.
const exposure = 15

// testService has systemd judge the unit, alone and with the root key as a
// credential, and hitherd the configuration that goes with it.
func testService(t *testing.T, r release) {
	t.Run("configuration", func(t *testing.T) {
		t.Parallel()
		check := exec.CommandContext(t.Context(), r.hitherd, "config", "check", "--config", "systemd/hither.yaml")
		check.Env = environment()
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	for name, withKey := range map[string]bool{"unit": false, "unit_with_key": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			analyze := need(t, "systemd-analyze")
			dir := t.TempDir()
			unit := filepath.Join(dir, "hitherd.service")
			copyWith(t, "systemd/hitherd.service", unit, map[string]string{"/usr/local/bin/hitherd": r.hitherd})
			if withKey {
				copyWith(t, "systemd/key.conf", filepath.Join(dir, "hitherd.service.d", "key.conf"), nil)
			}
			for _, args := range [][]string{
				{"verify", unit},
				{"security", "--offline=true", fmt.Sprintf("--threshold=%d", exposure), unit},
			} {
				cmd := exec.CommandContext(t.Context(), analyze, args...)
				cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":", "SYSTEMD_PAGER=", "SYSTEMD_LOG_LEVEL=warning")
				out, err := cmd.CombinedOutput()
				if err != nil || args[0] == "verify" && strings.Contains(string(out), "hitherd.service") {
					t.Errorf("%s: %v\n%s", cmd, err, out)
				}
			}
		})
	}
}

// copyWith copies a file with some of its text replaced, all of which must be
// there: the file is tried as it stands but for places.
func copyWith(t *testing.T, from, to string, places map[string]string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for old, place := range places {
		if !strings.Contains(text, old) {
			t.Fatalf("%s does not hold %q any more", from, old)
		}
		text = strings.ReplaceAll(text, old, place)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

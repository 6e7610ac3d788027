//go:build linux

package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// exposure is what `systemd-analyze security` may say of the unit at most, in
// tenths: 0 is no exposure, 100 all of it.
const exposure = 15

// testService has systemd judge the units, alone and with the root key as a
// credential, and hitherd the configuration that goes with them.
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
			units := []string{filepath.Join(dir, "hitherd.service"), filepath.Join(dir, "hitherd-backup.service")}
			for _, unit := range units {
				copyWith(t, filepath.Join("systemd", filepath.Base(unit)), unit, map[string]string{"/usr/local/bin/hitherd": r.hitherd})
			}
			timer := filepath.Join(dir, "hitherd-backup.timer")
			copyWith(t, "systemd/hitherd-backup.timer", timer, nil)
			if withKey {
				copyWith(t, "systemd/key.conf", filepath.Join(dir, "hitherd.service.d", "key.conf"), nil)
			}
			for _, args := range [][]string{
				append([]string{"verify", timer}, units...),
				append([]string{"security", "--offline=true", fmt.Sprintf("--threshold=%d", exposure)}, units...),
			} {
				cmd := exec.CommandContext(t.Context(), analyze, args...)
				cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":", "SYSTEMD_PAGER=", "SYSTEMD_LOG_LEVEL=warning")
				out, err := cmd.CombinedOutput()
				if err != nil || args[0] == "verify" && strings.Contains(string(out), "hitherd") {
					t.Errorf("%s: %v\n%s", cmd, err, out)
				}
			}
		})
	}
}

// testNightlyBackup runs the commands of the backup's unit beside a running
// server.
func testNightlyBackup(t *testing.T, r release) {
	at := newPlace(t)
	startBehind(t, r, at)
	backups := filepath.Join(at.dir, "backups")
	old := filepath.Join(backups, "hither-2026-01-02.backup")
	long := time.Now().Add(-40 * 24 * time.Hour)
	if err := errors.Join(os.Mkdir(backups, 0o700), os.WriteFile(old, nil, 0o600), os.Chtimes(old, long, long)); err != nil {
		t.Fatal(err)
	}
	environ := environment("HITHER_DATA_DIR=" + filepath.Join(at.dir, "hither-data"))
	for _, key := range []string{"ExecStart", "ExecStartPost"} {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", commandOf(t, "systemd/hitherd-backup.service", key, map[string]string{
			"/usr/local/bin/hitherd": r.hitherd, "/etc/hither/hither.yaml": "systemd/hither.yaml", "/var/backups/hither": backups,
		}))
		cmd.Env = environ
		output(t, cmd)
	}
	made, err := filepath.Glob(filepath.Join(backups, "*"))
	if err != nil || len(made) != 1 || made[0] == old {
		t.Fatalf("there are backups %v, %v, want today's alone", made, err)
	}
	if info, err := os.Stat(made[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	verify := exec.CommandContext(t.Context(), r.hitherd, "restore", "--verify", "--config", "systemd/hither.yaml", made[0])
	verify.Env = environ
	output(t, verify)
}

// commandOf is a command of a unit as a shell understands it, with places put
// in.
func commandOf(t *testing.T, unit, key string, places map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if command, ok := strings.CutPrefix(line, key+"="); ok {
			command = strings.NewReplacer("$$", "$", "%%", "%").Replace(strings.TrimSpace(command))
			for old, place := range places {
				command = strings.ReplaceAll(command, old, place)
			}
			return command
		}
	}
	t.Fatalf("%s has no %s", unit, key)
	return ""
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

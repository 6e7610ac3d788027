//go:build linux

package deploy_test

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// nobody is the user of the image.
const nobody = 65532

// runImage puts together by hand what the Dockerfile makes (the program, an
// empty data directory of its user, nothing else), mounts it read-only, and
// signs somebody in.
func runImage(t *testing.T, r release) {
	t.Helper()
	root, data := t.TempDir(), t.TempDir()
	for _, dir := range []string{"data", "etc"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copyWith(t, r.hitherd, filepath.Join(root, "hitherd"), nil)
	// What a container engine puts into every container.
	hosts := []byte("127.0.0.1 localhost\n::1 localhost\n")
	err := errors.Join(os.WriteFile(filepath.Join(root, "etc", "hosts"), hosts, 0o644),
		os.Chmod(filepath.Join(root, "hitherd"), 0o755), os.Chmod(root, 0o755), os.Chmod(data, 0o700), os.Chown(data, nobody, nobody))
	if err == nil {
		err = mountImage(t, root, data)
	}
	if err != nil {
		if os.Getenv("CI") == "" && (errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES)) {
			t.Skipf("the root of an image cannot be mounted without root: %v", err)
		}
		t.Fatal(err)
	}
	port := freePort(t)
	container := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "/hitherd", args...)
		cmd.Dir = "/"
		cmd.Env = append(variables(t), "HITHER_LISTEN=:"+port, "HITHER_PUBLIC_URL=http://localhost:"+port)
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		return cmd
	}
	s := start(t, container("serve"))
	if s == nil {
		t.Fatalf("port %s is taken", port)
	}
	s.signIn(t, &http.Client{Transport: &http.Transport{}})
	output(t, container("healthcheck"))
	output(t, container("admin", "list"))
	s.stop(t)
	for _, name := range []string{"hither.db", "hither.key"} {
		info, err := os.Stat(filepath.Join(data, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// mountImage makes root read-only but for the volume.
func mountImage(t *testing.T, root, data string) error {
	t.Helper()
	if err := unix.Mount(root, root, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	t.Cleanup(func() { _ = unix.Unmount(root, unix.MNT_DETACH) })
	if err := unix.Mount("", root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
		return err
	}
	volume := filepath.Join(root, "data")
	if err := unix.Mount(data, volume, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	t.Cleanup(func() { _ = unix.Unmount(volume, unix.MNT_DETACH) })
	if err := os.WriteFile(filepath.Join(root, "etc", "written"), nil, 0o600); !errors.Is(err, unix.EROFS) {
		t.Errorf("the root is not read-only: %v", err)
	}
	return nil
}

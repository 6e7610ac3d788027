package faultfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hitherauth/hither/tools/faultfs"
)

// mount gives a new disk and the path that it is at.
func mount(t *testing.T, image faultfs.Image) (*faultfs.Disk, string) {
	t.Helper()
	if err := faultfs.Available(); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("a file system of our own cannot be mounted here: %v", err)
		}
		t.Fatal(err)
	}
	disk := faultfs.New(image, 0)
	m, err := disk.Mount(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Unmount(); err != nil {
			t.Error(err)
		}
	})
	return disk, m.Path()
}

// must stops the test at the first error.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() }) // some are closed by then
	return f
}

func write(t *testing.T, f *os.File, at int64, text string) {
	t.Helper()
	_, err := f.WriteAt([]byte(text), at)
	must(t, err)
}

func syncDir(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	must(t, f.Sync(), f.Close())
}

func same(t *testing.T, what string, got faultfs.Image, want map[string]string) {
	t.Helper()
	text := map[string]string{}
	for name, f := range got {
		text[name] = string(f.Data)
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

func TestFilesAreFiles(t *testing.T) {
	t.Parallel()
	_, path := mount(t, faultfs.Image{"old": {Mode: 0o600, Data: []byte("before")}})
	must(t, os.Mkdir(filepath.Join(path, "d"), 0o700))
	must(t, os.WriteFile(filepath.Join(path, "d", "a"), []byte("hello"), 0o640))
	must(t, os.Rename(filepath.Join(path, "d", "a"), filepath.Join(path, "b")))
	must(t, os.Truncate(filepath.Join(path, "b"), 4), os.Chmod(filepath.Join(path, "b"), 0o600))
	f, err := os.OpenFile(filepath.Join(path, "b"), os.O_RDWR, 0)
	must(t, err)
	write(t, f, 6, "far")
	must(t, f.Close())
	must(t, os.Remove(filepath.Join(path, "d")))
	got, err := faultfs.ReadImage(path)
	must(t, err)
	want := faultfs.Image{"old": {Mode: 0o600, Data: []byte("before")}, "b": {Mode: 0o600, Data: []byte("hell\x00\x00far")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(path, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: got error %v", err)
	}
	elsewhere := t.TempDir()
	must(t, got.WriteTo(elsewhere))
	again, err := faultfs.ReadImage(elsewhere)
	must(t, err)
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("written and read again (-want +got):\n%s", diff)
	}
}

// operations are the requests that are counted, each with what makes it happen.
func operations() map[faultfs.Op]func(dir string, f *os.File) error {
	return map[faultfs.Op]func(string, *os.File) error{
		faultfs.OpWrite:    func(_ string, f *os.File) error { _, err := f.WriteAt([]byte("new"), 0); return err },
		faultfs.OpFsync:    func(_ string, f *os.File) error { return f.Sync() },
		faultfs.OpTruncate: func(_ string, f *os.File) error { return f.Truncate(1) },
		faultfs.OpAllocate: func(_ string, f *os.File) error { return syscall.Fallocate(int(f.Fd()), 0, 0, 100) },
		faultfs.OpChmod:    func(_ string, f *os.File) error { return f.Chmod(0o640) },
		faultfs.OpCreate: func(dir string, _ *os.File) error {
			f, err := os.OpenFile(filepath.Join(dir, "created"), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
			return errors.Join(err, f.Close())
		},
		faultfs.OpMknod: func(dir string, _ *os.File) error {
			return syscall.Mknod(filepath.Join(dir, "socket"), syscall.S_IFSOCK|0o600, 0)
		},
		faultfs.OpMkdir:  func(dir string, _ *os.File) error { return os.Mkdir(filepath.Join(dir, "directory"), 0o700) },
		faultfs.OpRename: func(dir string, f *os.File) error { return os.Rename(f.Name(), filepath.Join(dir, "renamed")) },
		faultfs.OpLink:   func(dir string, f *os.File) error { return os.Link(f.Name(), filepath.Join(dir, "linked")) },
		faultfs.OpUnlink: func(_ string, f *os.File) error { return os.Remove(f.Name()) },
		faultfs.OpRmdir:  func(dir string, _ *os.File) error { return syscall.Rmdir(filepath.Join(dir, "empty")) },
	}
}

func operand() faultfs.Image {
	return faultfs.Image{"file": {Mode: 0o600, Data: []byte("old")}, "empty": {Mode: os.ModeDir | 0o700}}
}

func TestEachChangeIsCounted(t *testing.T) {
	t.Parallel()
	for op, run := range operations() {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			disk, path := mount(t, operand())
			f, err := os.OpenFile(filepath.Join(path, "file"), os.O_RDWR, 0)
			must(t, err)
			_, err = f.Read(make([]byte, 3)) // is not
			must(t, err, run(path, f), f.Close())
			if n := disk.Count(); n != 1 {
				t.Errorf("counted %d", n)
			}
		})
	}
}

func TestAnythingFailsOnce(t *testing.T) {
	t.Parallel()
	for op, run := range operations() {
		for _, want := range []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EROFS} {
			t.Run(string(op)+"_"+want.Error(), func(t *testing.T) {
				t.Parallel()
				disk, path := mount(t, operand())
				f, err := os.OpenFile(filepath.Join(path, "file"), os.O_RDWR, 0)
				must(t, err)
				var struck faultfs.Strike
				disk.Arm(&faultfs.Fault{At: 2, Err: want, Hook: func(s faultfs.Strike) { struck = s }})
				must(t, os.Chmod(path, 0o755)) // the first
				before := disk.Image()
				if err := run(path, f); !errors.Is(err, want) {
					t.Errorf("got error %v, want %v", err, want)
				}
				if struck.Ordinal != 2 || struck.Op != op {
					t.Errorf("it struck %+v", struck)
				}
				if diff := cmp.Diff(before, disk.Image()); diff != "" {
					t.Errorf("what failed has changed something (-want +got):\n%s", diff)
				}
				must(t, run(path, f), f.Close())
			})
		}
	}
}

func TestLastingFaultEndsWhenTold(t *testing.T) {
	t.Parallel()
	disk, path := mount(t, nil)
	f := create(t, filepath.Join(path, "file"))
	disk.Arm(&faultfs.Fault{At: disk.Count() + 2, Err: syscall.EROFS, Lasting: true})
	write(t, f, 0, "one")
	for range 3 {
		if _, err := f.WriteAt([]byte("two"), 0); !errors.Is(err, syscall.EROFS) {
			t.Errorf("got error %v", err)
		}
	}
	same(t, "meanwhile", disk.Image(), map[string]string{"file": "one"})
	disk.Heal()
	write(t, f, 0, "two")
	same(t, "afterwards", disk.Image(), map[string]string{"file": "two"})
}

func TestPauseCountsNothing(t *testing.T) {
	t.Parallel()
	disk, path := mount(t, nil)
	f := create(t, filepath.Join(path, "file"))
	at := disk.Count() + 1
	disk.Arm(&faultfs.Fault{At: at, Err: syscall.EIO, Last: true})
	disk.Pause()
	write(t, f, 0, "one")
	disk.Resume()
	if _, err := f.WriteAt([]byte("two"), 0); !errors.Is(err, syscall.EIO) {
		t.Errorf("got error %v", err)
	}
	write(t, f, 0, "three")
	if n := disk.Count(); n != at {
		t.Errorf("counted %d, want %d", n, at)
	}
}

func TestPowerCutForgets(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		run  func(t *testing.T, path string, f *os.File)
		want map[string]string
	}{
		{"nothing", func(*testing.T, string, *os.File) {}, map[string]string{"file": "old"}},
		{"a_write", func(t *testing.T, _ string, f *os.File) { write(t, f, 0, "new") }, map[string]string{"file": "old"}},
		{"no_write_after_fsync", func(t *testing.T, _ string, f *os.File) { write(t, f, 0, "new"); must(t, f.Sync()) }, map[string]string{"file": "new"}},
		{"the_write_behind_fsync", func(t *testing.T, _ string, f *os.File) {
			write(t, f, 0, "new")
			must(t, f.Sync())
			write(t, f, 3, "er")
		}, map[string]string{"file": "new"}},
		{"a_size", func(t *testing.T, _ string, f *os.File) { must(t, f.Truncate(1)) }, map[string]string{"file": "old"}},
		{"no_size_after_fsync", func(t *testing.T, _ string, f *os.File) { must(t, f.Truncate(1), f.Sync()) }, map[string]string{"file": "o"}},
		{"a_new_file_although_it_was_synced", func(t *testing.T, path string, _ *os.File) {
			f := create(t, filepath.Join(path, "another"))
			write(t, f, 0, "new")
			must(t, f.Sync())
		}, map[string]string{"file": "old"}},
		{"no_name_after_fsync_of_its_directory", func(t *testing.T, path string, _ *os.File) {
			write(t, create(t, filepath.Join(path, "another")), 0, "new")
			syncDir(t, path)
		}, map[string]string{"file": "old", "another": ""}},
		{"a_rename", func(t *testing.T, path string, f *os.File) {
			must(t, os.Rename(f.Name(), filepath.Join(path, "renamed")))
		}, map[string]string{"file": "old"}},
		{"no_rename_after_fsync", func(t *testing.T, path string, f *os.File) {
			must(t, os.Rename(f.Name(), filepath.Join(path, "renamed")))
			syncDir(t, path)
		}, map[string]string{"renamed": "old"}},
		{"a_removal", func(t *testing.T, _ string, f *os.File) { must(t, os.Remove(f.Name())) }, map[string]string{"file": "old"}},
		{"no_removal_after_fsync", func(t *testing.T, path string, f *os.File) {
			must(t, os.Remove(f.Name()))
			syncDir(t, path)
		}, map[string]string{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			disk, path := mount(t, faultfs.Image{"file": {Mode: 0o600, Data: []byte("old")}})
			f, err := os.OpenFile(filepath.Join(path, "file"), os.O_RDWR, 0)
			must(t, err)
			row.run(t, path, f)
			same(t, "what is durable", disk.Durable(), row.want)
			must(t, f.Close())
		})
	}
}

// Linux calls pages clean that fsync could not write: the next fsync says that
// all is well.
func TestFailedFsyncIsNotMadeGood(t *testing.T) {
	t.Parallel()
	disk, path := mount(t, nil)
	f := create(t, filepath.Join(path, "file"))
	syncDir(t, path)
	write(t, f, 0, "one")
	disk.Arm(&faultfs.Fault{At: disk.Count() + 1, Err: syscall.EIO})
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("got error %v", err)
	}
	must(t, f.Sync())
	same(t, "what programs see", disk.Image(), map[string]string{"file": "one"})
	same(t, "what is durable", disk.Durable(), map[string]string{"file": ""})
	write(t, f, 0, "two")
	must(t, f.Sync())
	same(t, "written again", disk.Durable(), map[string]string{"file": "two"})
}

func TestTornKeepsSectors(t *testing.T) {
	t.Parallel()
	disk, path := mount(t, nil)
	f := create(t, filepath.Join(path, "file"))
	const sectors = 64
	write(t, f, 0, string(bytes.Repeat([]byte("a"), sectors*512)))
	must(t, f.Sync())
	syncDir(t, path)
	write(t, f, 0, string(bytes.Repeat([]byte("b"), sectors*512)))
	random := rand.New(rand.NewPCG(1, 2))
	got := disk.Torn(random.IntN)["file"].Data
	arrived := 0
	for s := range sectors {
		part := got[s*512 : (s+1)*512]
		switch bytes.Count(part, []byte("b")) {
		case 0:
		case len(part):
			arrived++
		default:
			t.Errorf("sector %d is torn", s)
		}
	}
	if arrived == 0 || arrived == sectors {
		t.Errorf("%d of %d sectors have arrived: nothing is torn", arrived, sectors)
	}
}

func TestLyingDiskForgetsWhatWasSynced(t *testing.T) {
	t.Parallel()
	disk, path := mount(t, faultfs.Image{"file": {Mode: 0o600, Data: []byte("old")}})
	f, err := os.OpenFile(filepath.Join(path, "file"), os.O_RDWR, 0)
	must(t, err)
	disk.Lie()
	write(t, f, 0, "new")
	must(t, f.Sync(), f.Close())
	same(t, "what is durable", disk.Durable(), map[string]string{"file": "old"})
}

const helperEnv = "HITHER_TEST_HELPER"

func TestMain(m *testing.M) {
	if what := os.Getenv(helperEnv); what != "" {
		if err := help(what, os.Getenv("HITHER_TEST_FILE")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	m.Run()
}

// helper is a program that does something to a file.
func helper(t *testing.T, what, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+what, "HITHER_TEST_FILE="+path)
	return cmd
}

func help(what, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	switch what {
	case "map": // a page of it, changed in memory that is shared
		b, err := syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		if err != nil {
			return err
		}
		copy(b, "new")
		return errors.Join(syscall.Munmap(b), f.Close())
	case "append":
		for i := range int64(1000) {
			if _, err := f.WriteAt([]byte("x"), i); err != nil {
				return err
			}
		}
		return f.Close()
	default:
		return fmt.Errorf("no helper does %q", what)
	}
}

func TestMappedMemoryIsNotCounted(t *testing.T) {
	t.Parallel()
	disk, path := mount(t, faultfs.Image{"file": {Mode: 0o600, Data: make([]byte, 4096)}})
	if out, err := helper(t, "map", filepath.Join(path, "file")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := disk.Image()["file"].Data[:3]; string(got) != "new" {
		t.Errorf("the file holds %q", got)
	}
	if n := disk.Count(); n != 0 {
		t.Errorf("counted %d", n)
	}
}

func TestKilledAtAnOrdinalLeavesWhatCameBefore(t *testing.T) {
	t.Parallel()
	disk, path := mount(t, faultfs.Image{"file": {Mode: 0o600}})
	cmd := helper(t, "append", filepath.Join(path, "file"))
	disk.Arm(&faultfs.Fault{At: 101, Err: syscall.EIO, Lasting: true, Hook: func(faultfs.Strike) { _ = cmd.Process.Kill() }})
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("it ended by itself: %s", out)
	}
	if n := len(disk.Image()["file"].Data); n != 100 {
		t.Errorf("%d writes have happened, want 100", n)
	}
}

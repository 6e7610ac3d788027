package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/hitherauth/hither/tools/faultfs"
)

// start is a data directory of one version, and what may become of it.
type start struct {
	version int64
	images  [2]faultfs.Image // closed in good order, and crashed
	may     []state          // of this version and each later one; nothing, before the first
	old     columns
}

// killMigrations kills hitherd migrate at a number of its requests, from each
// version there was, and wants to find the old version or a new one, and the next
// call to complete it.
func (r *rig) killMigrations(ctx context.Context, source string, kills int) error {
	known, err := versions(source)
	if err != nil {
		return err
	}
	for i, version := range append([]int64{0}, known[:len(known)-1]...) {
		from, err := newStart(ctx, source, version, known[i:])
		if err != nil {
			return fmt.Errorf("version %d: %w", version, err)
		}
		if err := r.killFrom(ctx, from, kills); err != nil {
			return err
		}
	}
	return nil
}

func newStart(ctx context.Context, source string, version int64, later []int64) (*start, error) {
	s := &start{version: version}
	var err error
	for i, crashed := range []bool{false, true} {
		if s.images[i], err = makeVersion(ctx, source, version, crashed); err != nil {
			return nil, err
		}
	}
	err = inFolder(func(dir string) error {
		if err := s.images[0].WriteTo(dir); err != nil {
			return err
		}
		return withDatabase(dir, func(db *sql.DB) error {
			if s.old, err = columnsOf(ctx, db); err != nil {
				return err
			}
			if version == 0 {
				s.old = columns{}
			} else if err := s.allow(ctx, db); err != nil {
				return err
			}
			for _, next := range later {
				if err := migrateTo(ctx, source, db, next); err != nil {
					return err
				}
				if err := s.allow(ctx, db); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return s, err
}

func (s *start) allow(ctx context.Context, db *sql.DB) error {
	known, err := read(ctx, db, s.old)
	s.may = append(s.may, known)
	return err
}

// killFrom kills at so many requests, from the first to the last, in turn in a
// directory that was closed and in one that had crashed.
func (r *rig) killFrom(ctx context.Context, from *start, kills int) error {
	var lengths [2]int
	for i, image := range from.images {
		disk := faultfs.New(image, 0)
		if out, err := r.migrateOn(ctx, from, disk, nil); err != nil {
			return fmt.Errorf("migrating from version %d: %w: %s", from.version, err, out)
		}
		lengths[i] = disk.Count()
	}
	r.say("faults: migrating from version %d takes %d requests, %d after a crash\n", from.version, lengths[0], lengths[1])
	if from.version == 0 {
		kills *= 3 // a start does more than to make a database
	}
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(r.parallel)
	for point := range kills {
		g.Go(func() error {
			i := point % 2
			ordinal := lengths[i] - point*lengths[i]/kills // the last one, too
			err := r.killOnce(running, from, i, ordinal)
			if running.Err() != nil {
				return running.Err()
			}
			r.reportKill(fmt.Sprintf("migrating from version %d, killed at request %d of %d", from.version, ordinal, lengths[i]), err)
			return nil
		})
	}
	return g.Wait()
}

// killOnce kills at one request and looks at what the process, and what a power
// cut at that moment, have left.
func (r *rig) killOnce(ctx context.Context, from *start, which, ordinal int) error {
	disk := faultfs.New(from.images[which], 0)
	var strike faultfs.Strike
	out, err := r.migrateOn(ctx, from, disk, func(kill func()) *faultfs.Fault {
		return &faultfs.Fault{At: ordinal, Err: syscall.EIO, Lasting: true, Hook: func(at faultfs.Strike) { strike = at; kill() }}
	})
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.Success() {
		return fmt.Errorf("it was not killed: %w: %s", err, out)
	}
	for kind, image := range map[left]faultfs.Image{leftKilled: disk.Image(), leftDurable: disk.Durable()} {
		if err := r.completes(ctx, from, image); err != nil {
			return fmt.Errorf("after a %s before %s of %s: %w", kind, strike.Op, strike.Name, err)
		}
	}
	return nil
}

// migrateOn brings a disk up to the newest version. arm, if not nil, is given
// what kills the process.
func (r *rig) migrateOn(ctx context.Context, from *start, disk *faultfs.Disk, arm func(kill func()) *faultfs.Fault) (out []byte, err error) {
	err = inFolder(func(dir string) error {
		mount, err := disk.Mount(dir)
		if err != nil {
			return err
		}
		cmd, started := r.migration(ctx, from, dir), make(chan struct{})
		if arm != nil {
			disk.Arm(arm(func() {
				<-started // its first request may be sooner
				_ = cmd.Process.Kill()
			}))
		}
		out, err = finish(cmd, started)
		return errors.Join(err, mount.Unmount())
	})
	return out, err
}

// migration is what brings a data directory up to the newest version: hitherd
// migrate, or, where there is nothing yet, the first start.
func (r *rig) migration(ctx context.Context, from *start, dir string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.program, "migrate")
	if from.version == 0 {
		cmd = exec.CommandContext(ctx, r.program, "serve")
	}
	cmd.Env = append(os.Environ(), "HITHER_DATA_DIR="+dir, "HITHER_LISTEN=127.0.0.1:0") //nolint:forbidigo // the program's environment is this one's
	return cmd
}

// finish runs a command to its end, which for a server is when it listens, and
// closes started once there is a process.
func finish(cmd *exec.Cmd, started chan<- struct{}) (log []byte, err error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	close(started)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if bytes.HasPrefix(lines.Bytes(), []byte("listening ")) {
			_ = cmd.Process.Signal(syscall.SIGTERM) // it may have been killed
		}
	}
	err = cmd.Wait()
	return said.Bytes(), err
}

// completes wants what was left to be of one version, and the next call to make
// the newest of it.
func (r *rig) completes(ctx context.Context, from *start, image faultfs.Image) error {
	return inFolder(func(dir string) error {
		if err := image.WriteTo(dir); err != nil {
			return err
		}
		if err := from.isWhole(ctx, dir, image); err != nil {
			return err
		}
		if out, err := finish(r.migration(ctx, from, dir), make(chan struct{})); err != nil {
			return fmt.Errorf("the next start: %w: %s", err, out)
		}
		return withDatabase(dir, func(db *sql.DB) error {
			found, err := read(ctx, db, from.old)
			if newest := from.may[len(from.may)-1:]; err == nil && found != newest[0] {
				err = fmt.Errorf("the next start has left something else than the newest version: %s", found.differs(newest))
			}
			return err
		})
	})
}

// isWhole wants a copy of what is in dir to be of one version.
func (s *start) isWhole(ctx context.Context, dir string, image faultfs.Image) error {
	if _, err := os.Stat(filepath.Join(dir, databaseName)); errors.Is(err, os.ErrNotExist) && s.version == 0 {
		return nil
	}
	return inFolder(func(copied string) error {
		if err := image.WriteTo(copied); err != nil {
			return err
		}
		return withDatabase(copied, func(db *sql.DB) error {
			found, err := read(ctx, db, s.old)
			if err != nil {
				return err
			}
			if slices.Contains(s.may, found) {
				return nil
			}
			return fmt.Errorf("what is left is of no version: %s", found.differs(s.may))
		})
	})
}

package faultfs

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount is a Disk that programs can use at a path.
type Mount struct {
	path   string
	server *fuse.Server
}

// Available says whether this machine and user can mount a Disk: nil, or what
// is missing.
func Available() error {
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("faultfs: %w", err)
	}
	_ = f.Close()
	if os.Geteuid() != 0 {
		return fmt.Errorf("faultfs: mounting: %w", os.ErrPermission)
	}
	return nil
}

// Mount makes the disk usable at an existing directory, which it hides. A disk
// is mounted once at a time.
func (d *Disk) Mount(path string) (*Mount, error) {
	server, err := fuse.NewServer(&door{fuse.NewDefaultRawFileSystem(), d}, path, &fuse.MountOptions{
		DirectMountStrict:  true, // needs no helper program
		FsName:             "faultfs",
		Name:               "faultfs",
		DisableXAttrs:      true,
		DisableReadDirPlus: true,
		// Only the kernel changes files here: it need not drop, whenever a time has
		// changed, pages that are mapped and written to.
		ExplicitDataCacheControl: true,
	})
	if err != nil {
		return nil, fmt.Errorf("faultfs: mounting: %w", err)
	}
	go server.Serve()
	if err := server.WaitMount(); err != nil {
		return nil, fmt.Errorf("faultfs: mounting: %w", err)
	}
	return &Mount{path: path, server: server}, nil
}

// Path is where the disk is.
func (m *Mount) Path() string { return m.path }

// Unmount takes the disk away. It waits a little for programs that use it to
// end and then takes it from them too.
func (m *Mount) Unmount() error {
	var err error
	for range 50 {
		if err = m.server.Unmount(); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	if detached := syscall.Unmount(m.path, syscall.MNT_DETACH); detached != nil {
		return fmt.Errorf("faultfs: unmounting: %w", err)
	}
	return nil
}

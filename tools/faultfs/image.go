package faultfs

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// Image is what a disk holds at one moment: files and directories by their
// path, with slashes and without one in front. Sockets are left out.
type Image map[string]File

// File is a file, or, if its mode says so, a directory.
type File struct {
	Mode fs.FileMode
	Data []byte
}

// Image is what programs see, and what a process leaves that is killed now.
func (d *Disk) Image() Image {
	return d.image(func(n *node) ([]byte, map[string]*node) { return n.data, n.names })
}

// Durable is what is left when the power fails now and everything that was not
// made durable is forgotten.
func (d *Disk) Durable() Image {
	return d.image(func(n *node) ([]byte, map[string]*node) { return n.kept, n.keptNames })
}

// Torn is what is left when the power fails now and something of what was not
// made durable had arrived: any of the sectors and sizes of a file, the first
// few changes of a directory. pick gives a number in [0,n).
func (d *Disk) Torn(pick func(n int) int) Image {
	return d.image(func(n *node) ([]byte, map[string]*node) {
		data, names := slices.Clone(n.kept), maps.Clone(n.keptNames)
		for _, p := range n.held {
			for _, part := range p.sectors() {
				if pick(2) == 0 {
					data = part.apply(data)
				}
			}
		}
		for _, change := range n.heldNames[:pick(len(n.heldNames)+1)] {
			change.apply(names)
		}
		return data, names
	})
}

func (p piece) sectors() []piece {
	if p.data == nil {
		return []piece{p}
	}
	var parts []piece
	for at, rest := p.at, p.data; len(rest) > 0; {
		n := min(sector-int(at%sector), len(rest))
		parts = append(parts, piece{at, rest[:n]})
		at, rest = at+int64(n), rest[n:]
	}
	return parts
}

func (d *Disk) image(state func(*node) ([]byte, map[string]*node)) Image {
	d.mu.Lock()
	defer d.mu.Unlock()
	image := Image{}
	var walk func(dir string, n *node)
	walk = func(dir string, n *node) {
		_, names := state(n)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			child, at := names[name], path.Join(dir, name)
			switch child.mode & syscall.S_IFMT {
			case syscall.S_IFDIR:
				image[at] = File{Mode: fs.ModeDir | fs.FileMode(child.mode&0o777)}
				walk(at, child)
			case syscall.S_IFREG:
				data, _ := state(child)
				image[at] = File{Mode: fs.FileMode(child.mode & 0o777), Data: slices.Clone(data)}
			}
		}
	}
	walk("", d.root)
	return image
}

// load puts an image on an empty disk.
func (d *Disk) load(image Image) {
	dirs := map[string]*node{".": d.root}
	owner := fuse.Owner{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}
	for _, at := range slices.Sorted(maps.Keys(image)) {
		f := image[at]
		mode := uint32(f.Mode.Perm()) | syscall.S_IFREG
		if f.Mode.IsDir() {
			mode = uint32(f.Mode.Perm()) | syscall.S_IFDIR
		}
		n := d.newNode(path.Base(at), mode, owner)
		if f.Mode.IsDir() {
			dirs[at] = n
		}
		n.data, n.kept = slices.Clone(f.Data), slices.Clone(f.Data)
		parent := dirs[path.Dir(at)]
		parent.put(naming{n.name: n})
		parent.sync()
	}
}

// ReadImage reads what a directory holds.
func ReadImage(dir string) (Image, error) {
	image := Image{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		f := File{Mode: info.Mode()}
		switch {
		case info.Mode().IsRegular():
			if f.Data, err = os.ReadFile(name); err != nil {
				return err
			}
		case !info.IsDir():
			return nil
		}
		image[filepath.ToSlash(strings.TrimPrefix(name, dir+string(filepath.Separator)))] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("faultfs: %w", err)
	}
	return image, nil
}

// WriteTo makes the files of an image in a directory that exists.
func (i Image) WriteTo(dir string) error {
	for _, at := range slices.Sorted(maps.Keys(i)) {
		name, f := filepath.Join(dir, filepath.FromSlash(at)), i[at]
		var err error
		if f.Mode.IsDir() {
			err = os.Mkdir(name, f.Mode.Perm())
		} else {
			err = os.WriteFile(name, f.Data, f.Mode.Perm())
		}
		if err != nil {
			return fmt.Errorf("faultfs: %w", err)
		}
	}
	return nil
}

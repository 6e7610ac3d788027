package faultfs

import (
	"maps"
	"slices"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// remembered is how long the kernel may believe what it was told: only it
// changes anything.
const remembered = time.Hour

// door is a Disk as the kernel sees it through one mount.
type door struct {
	fuse.RawFileSystem // says ENOSYS to the rest

	disk *Disk
}

func (w *door) String() string { return "faultfs" }

func (w *door) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	const blocks = 1 << 20
	*out = fuse.StatfsOut{Blocks: blocks, Bfree: blocks, Bavail: blocks, Files: blocks, Ffree: blocks, Bsize: 4096, Frsize: 4096, NameLen: 255}
	return fuse.OK
}

func (w *door) Lookup(_ <-chan struct{}, header *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	n := w.disk.nodes[header.NodeId].names[name]
	if n == nil {
		return fuse.ENOENT
	}
	n.entry(out)
	return fuse.OK
}

func (w *door) Forget(id, lookups uint64) {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	n := w.disk.nodes[id]
	if n == nil {
		return
	}
	if n.lookups -= min(lookups, n.lookups); n.lookups == 0 && n.links == 0 {
		delete(w.disk.nodes, id)
	}
}

func (w *door) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	n := w.disk.nodes[in.NodeId]
	out.SetTimeout(remembered)
	n.attributes(&out.Attr)
	return fuse.OK
}

func (w *door) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	n := w.disk.nodes[in.NodeId]
	if size, ok := in.GetSize(); ok {
		if err := w.disk.change(OpTruncate, n.name); err != 0 {
			return fuse.Status(err)
		}
		n.resize(int64(size))
	}
	if mode, ok := in.GetMode(); ok {
		if err := w.disk.change(OpChmod, n.name); err != 0 {
			return fuse.Status(err)
		}
		n.mode = n.mode&syscall.S_IFMT | mode
	}
	out.SetTimeout(remembered)
	n.attributes(&out.Attr)
	return fuse.OK
}

// make adds a node to a directory.
func (w *door) make(op Op, header *fuse.InHeader, name string, mode uint32, out *fuse.EntryOut) fuse.Status {
	parent := w.disk.nodes[header.NodeId]
	if parent.names[name] != nil {
		return fuse.Status(syscall.EEXIST)
	}
	if err := w.disk.change(op, name); err != 0 {
		return fuse.Status(err)
	}
	n := w.disk.newNode(name, mode, header.Owner)
	parent.put(naming{name: n})
	n.entry(out)
	return fuse.OK
}

func (w *door) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	out.OpenFlags = fuse.FOPEN_KEEP_CACHE
	return w.make(OpCreate, &in.InHeader, name, in.Mode&0o7777|syscall.S_IFREG, &out.EntryOut)
}

func (w *door) Mknod(_ <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	return w.make(OpMknod, &in.InHeader, name, in.Mode, out)
}

func (w *door) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	return w.make(OpMkdir, &in.InHeader, name, in.Mode&0o7777|syscall.S_IFDIR, out)
}

func (w *door) Unlink(_ <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	return w.take(OpUnlink, header, name)
}

func (w *door) Rmdir(_ <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	return w.take(OpRmdir, header, name)
}

func (w *door) take(op Op, header *fuse.InHeader, name string) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	parent := w.disk.nodes[header.NodeId]
	switch n := parent.names[name]; {
	case n == nil:
		return fuse.ENOENT
	case len(n.names) > 0:
		return fuse.Status(syscall.ENOTEMPTY)
	}
	if err := w.disk.change(op, name); err != 0 {
		return fuse.Status(err)
	}
	parent.put(naming{name: nil})
	return fuse.OK
}

func (w *door) Rename(_ <-chan struct{}, in *fuse.RenameIn, oldName, newName string) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	from, to := w.disk.nodes[in.NodeId], w.disk.nodes[in.Newdir]
	n := from.names[oldName]
	switch {
	case n == nil:
		return fuse.ENOENT
	case in.Flags != 0:
		return fuse.EINVAL
	}
	if err := w.disk.change(OpRename, newName); err != 0 {
		return fuse.Status(err)
	}
	switch {
	case from != to: // not one step on this disk
		to.put(naming{newName: n})
		from.put(naming{oldName: nil})
	case oldName != newName:
		to.put(naming{newName: n, oldName: nil})
	}
	n.name = newName
	return fuse.OK
}

func (w *door) Link(_ <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	n, parent := w.disk.nodes[in.Oldnodeid], w.disk.nodes[in.NodeId]
	if parent.names[name] != nil {
		return fuse.Status(syscall.EEXIST)
	}
	if err := w.disk.change(OpLink, name); err != 0 {
		return fuse.Status(err)
	}
	parent.put(naming{name: n})
	n.entry(out)
	return fuse.OK
}

func (w *door) Open(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	if in.Flags&syscall.O_TRUNC != 0 {
		n := w.disk.nodes[in.NodeId]
		if err := w.disk.change(OpTruncate, n.name); err != 0 {
			return fuse.Status(err)
		}
		n.resize(0)
	}
	out.OpenFlags = fuse.FOPEN_KEEP_CACHE
	return fuse.OK
}

func (w *door) Read(_ <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	data := w.disk.nodes[in.NodeId].data
	n := copy(buf, data[min(in.Offset, uint64(len(data))):])
	return fuse.ReadResultData(buf[:n]), fuse.OK
}

func (w *door) Write(_ <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	n := w.disk.nodes[in.NodeId]
	if in.WriteFlags&fuse.WRITE_CACHE == 0 { // a program's, not the kernel's
		if err := w.disk.change(OpWrite, n.name); err != 0 {
			return 0, fuse.Status(err)
		}
	}
	n.write(int64(in.Offset), data)
	return uint32(len(data)), fuse.OK
}

func (w *door) Fallocate(_ <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	n := w.disk.nodes[in.NodeId]
	if in.Mode != 0 {
		return fuse.Status(syscall.EOPNOTSUPP)
	}
	if err := w.disk.change(OpAllocate, n.name); err != 0 {
		return fuse.Status(err)
	}
	n.resize(max(int64(len(n.data)), int64(in.Offset+in.Length)))
	return fuse.OK
}

func (w *door) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	n := w.disk.nodes[in.NodeId]
	err := w.disk.change(OpFsync, n.name)
	switch {
	case err != 0 && !n.isDir():
		n.held = nil // never tried again
	case err == 0 && !w.disk.lying:
		n.sync()
	}
	return fuse.Status(err)
}

func (w *door) FsyncDir(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	return w.Fsync(cancel, in)
}

func (w *door) OpenDir(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status { return fuse.OK }

func (w *door) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	names := w.disk.nodes[in.NodeId].names
	for i, name := range slices.Sorted(maps.Keys(names)) {
		if uint64(i) < in.Offset {
			continue
		}
		n := names[name]
		if !out.AddDirEntry(fuse.DirEntry{Mode: n.mode, Name: name, Ino: n.id, Off: uint64(i) + 1}) {
			break
		}
	}
	return fuse.OK
}

// entry describes a node to the kernel, which knows it from then on.
func (n *node) entry(out *fuse.EntryOut) {
	n.lookups++
	out.NodeId, out.Generation = n.id, 1
	out.SetEntryTimeout(remembered)
	out.SetAttrTimeout(remembered)
	n.attributes(&out.Attr)
}

func (n *node) attributes(out *fuse.Attr) {
	out.Ino, out.Mode, out.Nlink, out.Owner = n.id, n.mode, uint32(max(n.links, 1)), n.owner
	out.Size, out.Blocks, out.Blksize = uint64(len(n.data)), uint64(len(n.data)+sector-1)/sector, 4096
	out.SetTimes(&n.changed, &n.changed, &n.changed)
}

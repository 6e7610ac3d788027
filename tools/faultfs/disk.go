package faultfs

import (
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Op is a request that changes something, in one word.
type Op string

// The requests that are counted.
const (
	OpWrite    Op = "write"
	OpFsync    Op = "fsync"
	OpTruncate Op = "truncate"
	OpAllocate Op = "fallocate"
	OpChmod    Op = "chmod"
	OpCreate   Op = "create"
	OpMknod    Op = "mknod"
	OpMkdir    Op = "mkdir"
	OpRename   Op = "rename"
	OpLink     Op = "link"
	OpUnlink   Op = "unlink"
	OpRmdir    Op = "rmdir"
)

// Fault is one failure to come.
type Fault struct {
	At      int           // the ordinal that fails, from 1 on
	Err     syscall.Errno // with what
	Lasting bool          // all ordinals behind it fail too, until Heal
	Last    bool          // nothing behind it is counted, as after Pause
	// Hook is called when the fault strikes, before the request is answered and
	// while no other one is served; nil: nobody. It must not touch the Disk.
	Hook func(Strike)
}

// Strike says what a fault has hit.
type Strike struct {
	Ordinal int
	Op      Op
	Name    string // of the file, without its directory
}

// Disk is a disk in memory. It is safe for concurrent use. Its zero value is not
// usable: see New.
type Disk struct {
	mu      sync.Mutex
	nodes   map[uint64]*node // what the kernel knows
	root    *node
	last    uint64 // id of the newest node
	count   int
	fault   *Fault
	failing syscall.Errno // of a lasting fault in force
	lying   bool
	paused  bool
}

// node is a file or a directory. Its ids are never used again.
type node struct {
	id      uint64
	name    string
	mode    uint32 // type and permissions as stat has them
	owner   fuse.Owner
	changed time.Time
	links   int
	lookups uint64

	data []byte // what programs see
	kept []byte // what is durable
	held []piece

	names     map[string]*node // of a directory; nil for a file
	keptNames map[string]*node
	heldNames []naming
}

// piece is a write that no fsync has made durable, or, with nil data, a new size.
type piece struct {
	at   int64
	data []byte
}

// naming is a change of a directory that no fsync has made durable: names that
// come (or, with nil, go) together.
type naming map[string]*node

// New is a disk that holds an image, durably, and has counted so many requests
// before. A nil image is an empty disk.
func New(image Image, counted int) *Disk {
	d := &Disk{nodes: map[uint64]*node{}, count: counted}
	d.root = d.newNode("", syscall.S_IFDIR|0o755, fuse.Owner{})
	d.root.links = 1
	d.load(image)
	return d
}

// Arm sets the next fault. It replaces one that has not struck yet; a nil
// fault is none. One whose ordinal has passed never strikes.
func (d *Disk) Arm(f *Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// Heal ends a lasting fault.
func (d *Disk) Heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing = 0
}

// Lie makes the disk acknowledge each fsync from now on and do nothing, as
// broken hardware does.
func (d *Disk) Lie() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lying = true
}

// Pause makes the disk work without counting and without the fault that is
// armed, until Resume.
func (d *Disk) Pause() { d.pause(true) }

// Resume ends what Pause began.
func (d *Disk) Resume() { d.pause(false) }

func (d *Disk) pause(paused bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.paused = paused
}

// Count is how many requests have been counted. What a lasting fault refuses
// after its first is not.
func (d *Disk) Count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

// change counts a request that changes something and says whether it fails.
func (d *Disk) change(op Op, name string) syscall.Errno {
	if d.failing != 0 {
		return d.failing
	}
	if d.paused {
		return 0
	}
	d.count++
	f := d.fault
	if f == nil || f.At != d.count {
		return 0
	}
	d.fault = nil
	if f.Lasting {
		d.failing = f.Err
	}
	d.paused = f.Last
	if f.Hook != nil {
		f.Hook(Strike{Ordinal: d.count, Op: op, Name: name})
	}
	return f.Err
}

func (d *Disk) newNode(name string, mode uint32, owner fuse.Owner) *node {
	d.last++
	n := &node{id: d.last, name: name, mode: mode, owner: owner, changed: time.Now()}
	if n.isDir() {
		n.names, n.keptNames = map[string]*node{}, map[string]*node{}
	}
	d.nodes[n.id] = n
	return n
}

func (n *node) isDir() bool { return n.mode&syscall.S_IFMT == syscall.S_IFDIR }

// put makes or replaces names of a directory; nil takes one away.
func (n *node) put(change naming) {
	for name, to := range change {
		if from := n.names[name]; from != nil {
			from.links--
		}
		if to == nil {
			delete(n.names, name)
			continue
		}
		to.name = name
		to.links++
		n.names[name] = to
	}
	n.heldNames = append(n.heldNames, change)
	n.changed = time.Now()
}

func (n *node) write(at int64, data []byte) {
	p := piece{at, slices.Clone(data)}
	n.data = p.apply(n.data)
	n.held = append(n.held, p)
	n.changed = time.Now()
}

func (n *node) resize(size int64) {
	p := piece{at: size}
	n.data = p.apply(n.data)
	n.held = append(n.held, p)
	n.changed = time.Now()
}

// sync makes everything of a node durable.
func (n *node) sync() {
	for _, p := range n.held {
		n.kept = p.apply(n.kept)
	}
	for _, change := range n.heldNames {
		change.apply(n.keptNames)
	}
	n.held, n.heldNames = nil, nil
}

func (p piece) apply(b []byte) []byte {
	end := p.at + int64(len(p.data))
	switch missing := end - int64(len(b)); {
	case missing > 0:
		b = slices.Grow(b, int(missing))
		clear(b[len(b):end])
		b = b[:end]
	case p.data == nil:
		return b[:p.at]
	}
	copy(b[p.at:], p.data)
	return b
}

func (c naming) apply(names map[string]*node) {
	for name, to := range c {
		if to == nil {
			delete(names, name)
		} else {
			names[name] = to
		}
	}
}

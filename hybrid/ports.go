package hybrid

import "context"

// Scanner hears adverts.
type Scanner interface {
	// Scan returns as soon as the radio listens. From then on heard is called with
	// the service data of each advert of a hybrid transport (16-bit UUIDs FFF9 and
	// FDE2), repeated ones too, from one goroutine, until ctx is done or the radio
	// fails. heard must not keep its argument. wait returns when heard will not be
	// called any more: nil if that was because ctx is done.
	Scan(ctx context.Context, heard func(serviceData []byte)) (wait func() error, err error)
}

// Advertiser sends adverts.
type Advertiser interface {
	// Advertise returns as soon as serviceData is on the air, under the 16-bit
	// UUID FFF9, not connectable and without a name. stop takes it off the air and
	// returns when it is; it may be called twice. It is off, too, soon after ctx is done.
	Advertise(ctx context.Context, serviceData []byte) (stop func() error, err error)
}

// DataChannel carries whole messages to the other end and back, in order.
// Send and Receive may be called at the same time, each by one goroutine.
type DataChannel interface {
	Send(ctx context.Context, message []byte) error
	// Receive waits for the next message, at most 1 MiB. The error is io.EOF when
	// the other end is gone in good order.
	Receive(ctx context.Context) ([]byte, error)
	// Close says goodbye and does not wait. It ends both methods.
	Close() error
}

// LinkStore keeps one small document: the links of a client platform ([Links]) or
// those of a phone ([PhoneLinks]). The document holds secrets in the clear. What a
// program wants encrypted it encrypts in a store of its own; see [FileStore] and
// [MemoryStore] for the ones that are here.
type LinkStore interface {
	// Read returns the document, nil if there is none yet.
	Read(ctx context.Context) ([]byte, error)
	// Update replaces the document by what change makes of it, while nobody else
	// can: all of it or, with an error, nothing. When it returns nil, the new
	// document is on disk, if there is a disk. An error of change is returned as it
	// is; change is called at most once.
	Update(ctx context.Context, change func(document []byte) ([]byte, error)) error
}

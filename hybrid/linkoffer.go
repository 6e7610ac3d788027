package hybrid

import "context"

// Linking is how a phone lets client platforms remember it.
type Linking struct {
	// Links is what the phone remembers of it. Required.
	Links *PhoneLinks
	// Domain is the tunnel service that wakes the phone: one of ours, see
	// tunnel/relay. Linking is offered over a tunnel of that service alone.
	Domain Domain
	// Name is what the phone is called at the client platform, at most 256 bytes.
	Name string
	// Agree asks the user whether the client platform may remember this phone. It
	// is asked after the first reply, if the client platform can remember anything
	// at all, and should return soon after ctx is done. Nil: nobody may.
	Agree func(ctx context.Context) (bool, error)
}

// linkOffer is where a phone is with linking in one transaction.
type linkOffer int

const (
	linkSettled linkOffer = iota // nothing is to be sent any more
	linkOpen                     // the user will be asked
	linkAsked                    // the user is being asked
)

// beginLinking decides whether the user will be asked. If not, and the client
// platform expects an update, it gets one at once.
func (s *service) beginLinking(ctx context.Context, in offerInput) error {
	s.clientKey = in.clientKey
	l := s.config.Linking
	switch {
	case in.clientKey == nil:
		return nil
	case l == nil || l.Links == nil || l.Agree == nil || l.Domain != in.domain:
		return s.sendUpdate(ctx, nil)
	}
	s.offer = linkOpen
	return nil
}

// ask has the user asked, once.
func (s *service) ask(ctx context.Context) {
	if s.offer != linkOpen {
		return
	}
	s.offer = linkAsked
	s.work.Go(func() { s.agreed <- s.makeLink(ctx) })
}

// makeLink asks the user and, with their consent, makes a link and stores it. Nil
// is no link: for want of consent, or because it could not be made. Either way the
// transaction goes on, and the client platform is not told which it is.
func (s *service) makeLink(ctx context.Context) *linkingInfo {
	l := s.config.Linking
	if agreed, err := l.Agree(ctx); err != nil || !agreed {
		return nil
	}
	info, err := s.link(ctx, l)
	if err != nil {
		s.road.progress.report(LinkRefused{failed(StageLinking, err)})
		return nil
	}
	return info
}

func (s *service) link(ctx context.Context, l *Linking) (*linkingInfo, error) {
	contact, err := l.Links.contactID(ctx, s.road, l.Domain)
	if err != nil {
		return nil, err
	}
	link, key, err := l.Links.add(ctx, s.road)
	if err != nil {
		return nil, err
	}
	proof, err := linkProof(key, s.clientKey, s.sealed.session.Hash)
	if err != nil {
		return nil, err
	}
	return &linkingInfo{
		contactID: contact, linkID: link.ID, secret: link.secret,
		phoneKey: key.PublicKey(), name: l.Name, proof: proof,
	}, nil
}

// sendUpdate sends linking data, or as many bytes of nothing: the tunnel service
// does not learn what the user has decided.
func (s *service) sendUpdate(ctx context.Context, info *linkingInfo) error {
	s.offer = linkSettled
	payload, err := update{linking: info}.append(nil)
	if err != nil {
		return err
	}
	if err := s.sealed.send(ctx, frame{frameUpdate, payload}.append(nil)); err != nil {
		return err
	}
	s.road.progress.report(LinkingSent{Agreed: info != nil})
	return nil
}

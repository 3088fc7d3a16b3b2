package odootest

import (
	"math/rand/v2"
	"slices"
)

// A Fault is a way for a call to go wrong.
type Fault int

const (
	// LoseRequest closes the connection before the call is read: nothing
	// happens.
	LoseRequest Fault = iota + 1
	// LoseReply serves the call and closes the connection without an answer.
	LoseReply
	// CutReply serves the call and closes the connection within the answer.
	CutReply
	// SaveThen500 serves the call and answers with the status 500.
	SaveThen500
	// CommitLater closes the connection; the call is served when
	// [Server.CommitPending] is called.
	CommitLater
	// Hang keeps the client waiting until it gives up; the call is served when
	// [Server.CommitPending] is called.
	Hang
	// Stall serves the call, and keeps the client waiting until it gives up.
	Stall
	// Kill closes the connection in the middle of the call, which is undone: a
	// worker beyond its time limit.
	Kill
	// ExpireLogin denies access to the user until it logs in again.
	ExpireLogin
	// Serialization undoes the call, for somebody else changed the same
	// records.
	Serialization
	// RejectDuplicate undoes the call, for somebody else made the same record
	// at the same time: load answers ids false and a message, other methods a
	// fault.
	RejectDuplicate
	// Busy answers with the status 503 before the call is read.
	Busy
)

// A Plan lets calls fail at random, the same ones for the same seed.
type Plan struct {
	Seed    uint64
	Percent int      // of calls
	Faults  []Fault  // each as likely
	Methods []string // whose calls may fail; all, where it is empty
}

// SetPlan makes calls fail from now on. The zero Plan ends it.
func (s *Server) SetPlan(p Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.random = p, rand.New(rand.NewPCG(p.Seed, 0))
}

// FailNext makes the next calls of a method fail, one by each fault, in order.
// An empty method stands for any method of a model.
func (s *Server) FailNext(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range faults {
		s.failures = append(s.failures, failure{method, fault})
	}
}

// A failure is a fault that waits for its call.
type failure struct {
	method string
	fault  Fault
}

// fault returns the fault that a call has, or 0. The lock is held.
func (s *Server) fault(method string) Fault {
	for i, f := range s.failures {
		if f.method == "" || f.method == method {
			s.failures = slices.Delete(s.failures, i, i+1)
			return f.fault
		}
	}
	p := s.plan
	if len(p.Faults) == 0 || len(p.Methods) > 0 && !slices.Contains(p.Methods, method) {
		return 0
	}
	if s.random.IntN(100) >= p.Percent {
		return 0
	}
	return p.Faults[s.random.IntN(len(p.Faults))]
}

// Pending is the number of calls that are served later.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending)
}

// CommitPending serves the calls whose clients gave up, in order, and returns
// how many took effect. One of them that makes an external id that is there by
// now is undone, as by the database's constraint.
func (s *Server) CommitPending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := 0
	for _, call := range s.pending {
		before := s.begin(call.user, false)
		t, _, err := s.run(call)
		if err != nil || slices.ContainsFunc(call.claims, func(name string) bool { _, id := before.external(name); return id != 0 }) {
			continue
		}
		s.state = t.state
		done++
	}
	s.pending = nil
	return done
}

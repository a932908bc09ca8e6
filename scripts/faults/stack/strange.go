package stack

import (
	"context"

	"ordertrack/scripts/faults/stranger"
)

// Stranger is the one program beside the services that knows the topic; it comes when it is asked for first.
func (s *Stack) Stranger(ctx context.Context) (*stranger.Stranger, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stranger == nil {
		who, err := stranger.Connect(ctx, s.Broker.Addr(), topic, group)
		if err != nil {
			return nil, err
		}
		s.stranger = who
	}
	return s.stranger, nil
}

// Strange is what must have come of what the stranger sent; of nothing, if it never came.
func (s *Stack) Strange() stranger.Expected {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stranger == nil {
		return stranger.Expected{}
	}
	return s.stranger.Expected()
}

func (s *Stack) dismiss() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stranger == nil {
		return nil
	}
	return s.stranger.Close()
}

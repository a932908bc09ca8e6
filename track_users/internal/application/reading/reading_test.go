package reading_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/application/reading/mocks"
	"ordertrack/track_users/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func setup(t *testing.T) (*reading.Reader, *mocks.MockUsers) {
	users := mocks.NewMockUsers(gomock.NewController(t))
	return reading.New(users), users
}

func TestReader_FindsAUserHoweverTheNameWasTyped(t *testing.T) {
	t.Parallel()
	zoe := domain.User{ID: 3, Name: name.Restore("Zo\u00eb"), Counter: 12, CreatedAt: time.Unix(1, 0)}
	for title, raw := range map[string]string{
		"as stored": "Zo\u00eb", "decomposed": "Zoe\u0308", "with white space around": "\t Zo\u00eb\n",
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			reader, users := setup(t)
			users.EXPECT().ByName(t.Context(), zoe.Name).Return(zoe, nil)
			got, err := reader.User(t.Context(), raw)
			require.NoError(t, err)
			require.Equal(t, zoe, got)
		})
	}
}

// The store is not asked for a name that nobody can have: the mock refuses every call.
func TestReader_RefusesAnIllegalName(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]error{
		"":                                    name.ErrEmpty,
		"  ":                                  name.ErrEmpty,
		"a\x00b":                              name.ErrControl,
		"\xff":                                name.ErrInvalidUTF8,
		strings.Repeat("x", name.MaxLength+1): name.ErrTooLong,
	} {
		t.Run(fmt.Sprintf("%.10q", raw), func(t *testing.T) {
			t.Parallel()
			reader, _ := setup(t)
			user, err := reader.User(t.Context(), raw)
			require.ErrorIs(t, err, want)
			require.Zero(t, user)
		})
	}
}

func TestReader_PassesOnWhatTheStoreSays(t *testing.T) {
	t.Parallel()
	for _, said := range []error{
		reading.ErrNotFound, fmt.Errorf("dial: %w", reading.ErrUnavailable), errors.New("column is missing"), context.Canceled,
	} {
		t.Run(said.Error(), func(t *testing.T) {
			t.Parallel()
			reader, users := setup(t)
			users.EXPECT().ByName(gomock.Any(), name.Restore("Ann")).Return(domain.User{}, said)
			user, err := reader.User(t.Context(), "Ann")
			require.ErrorIs(t, err, said)
			require.ErrorContains(t, err, "look up a user")
			require.Zero(t, user)
		})
	}
}

func TestReader_HandsDownItsContext(t *testing.T) {
	t.Parallel()
	reader, users := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	users.EXPECT().ByName(gomock.Any(), gomock.Any()).DoAndReturn(func(given context.Context, _ name.Name) (domain.User, error) {
		return domain.User{}, given.Err()
	})
	_, err := reader.User(ctx, "Ann")
	require.ErrorIs(t, err, context.Canceled)
}

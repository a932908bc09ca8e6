package deployments_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"log/slog"
	"maps"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/service"
	"ordertrack/shared/settings"
)

// setting is one that a program takes from its environment.
type setting struct {
	kind     string // Go type of its field
	fallback string
}

type settingSet map[string]setting

// settingsOf reads a program's settings from the tags in its source: its packages are internal, and a test that could
// import them could not be in this folder.
func settingsOf(t *testing.T, program string) settingSet {
	t.Helper()
	found := settingSet{}
	files, err := filepath.Glob(filepath.Join(root, program, "internal", "config", "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok && field.Tag != nil {
				text, err := strconv.Unquote(field.Tag.Value)
				require.NoError(t, err)
				found.add(reflect.StructTag(text), types.ExprString(field.Type))
			}
			return true
		})
	}
	own := len(found)
	require.NotZero(t, own, "the settings are where this test looks for them")
	for field := range reflect.TypeFor[service.Settings]().Fields() {
		found.add(field.Tag, field.Type.String())
	}
	require.Greater(t, len(found), own)
	return found
}

func (s settingSet) add(tag reflect.StructTag, kind string) {
	if name, ok := tag.Lookup("env"); ok {
		s[name] = setting{kind: kind, fallback: tag.Get("default")}
	}
}

// wrong says what the program would find wrong with a value.
func (s settingSet) wrong(key, value string) error {
	known, ok := s[key]
	if !ok {
		return fmt.Errorf("%s is not among its settings: %v", key, sortedKeys(maps.Keys(s)))
	}
	return wrongValue(key, known.kind, value)
}

func wrongValue(key, kind, value string) (err error) {
	switch {
	case strings.HasSuffix(key, "_ADDR"):
		return settings.CheckAddr(key, value)
	case key == "KAFKA_BROKERS":
		return settings.CheckPeers(key, strings.Split(value, ","))
	case key == "DATABASE_URL":
		_, err = pgxpool.ParseConfig(value)
	case kind == "time.Duration":
		_, err = time.ParseDuration(value)
	case kind == "slog.Level":
		err = new(slog.Level).UnmarshalText([]byte(value))
	case kind == "int":
		_, err = strconv.Atoi(value)
	case kind == "bool":
		_, err = strconv.ParseBool(value)
	case value == "":
		err = fmt.Errorf("is empty")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

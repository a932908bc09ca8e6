package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"ordertrack/shared/httpserver"
	"ordertrack/shared/settings"
)

// Access are the settings of who may use an API, and how many at once. A service's own settings embed them.
type Access struct {
	CORSOrigins    []string `env:"CORS_ORIGINS" help:"web origins whose scripts may use the API, separated by commas; * for every one"`
	MaxConnections int      `env:"HTTP_MAX_CONNECTIONS" default:"10000" help:"API connections open at once, from 10 to 1000000"`
}

// CheckAccess checks the settings. The errors name the setting.
func (a Access) CheckAccess() error {
	errs := []error{settings.CheckRange("HTTP_MAX_CONNECTIONS", a.MaxConnections, 10, 1_000_000)}
	for _, origin := range a.CORSOrigins {
		if !isOrigin(origin) {
			errs = append(errs, &settings.Error{
				Setting: "CORS_ORIGINS",
				Problem: fmt.Sprintf("%q is not an origin such as https://shop.example.com, nor *", origin),
			})
		}
	}
	return errors.Join(errs...)
}

// isOrigin takes what a browser sends in the header Origin: scheme, host and port, and nothing behind them.
func isOrigin(text string) bool {
	if text == everyOrigin {
		return true
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Scheme+"://"+u.Host == text
}

// Engine makes an engine that lets in whom these settings let in.
func (a Access) Engine(log *slog.Logger) *gin.Engine {
	return NewEngine(log, Options{AllowedOrigins: a.CORSOrigins})
}

// Server makes the API's server, with the bound on its connections. What it refuses before there is a request is a
// problem as all else.
func (a Access) Server(addr string, handler http.Handler, log *slog.Logger) *httpserver.Server {
	return httpserver.New("api", addr, handler, log,
		httpserver.MaxConnections(a.MaxConnections, Refuse()), httpserver.Unreadable(RefuseUnreadable))
}

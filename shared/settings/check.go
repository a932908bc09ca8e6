package settings

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// CheckAddr checks a listening address such as ":8080" or "127.0.0.1:8080"; port 0 lets the system choose.
func CheckAddr(setting, addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil && validPort(port, 0) {
		return nil
	}
	return &Error{setting, fmt.Sprintf("%q is not an address to listen on, such as :8080 or 127.0.0.1:8080", addr), err}
}

// CheckPeers checks a list of host:port addresses to connect to.
func CheckPeers(setting string, addrs []string) error {
	if len(addrs) == 0 {
		return &Error{setting, "is empty, want host:port, several separated by commas", nil}
	}
	for _, addr := range addrs {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || host == "" || !validPort(port, 1) {
			return &Error{setting, fmt.Sprintf("%q is not a host:port such as localhost:9092", addr), err}
		}
	}
	return nil
}

// CheckRange checks that low <= value <= high.
func CheckRange(setting string, value, low, high int) error {
	if value < low || value > high {
		return &Error{setting, fmt.Sprintf("%d is not from %d to %d", value, low, high), nil}
	}
	return nil
}

// CheckDuration checks that low <= value <= high.
func CheckDuration(setting string, value, low, high time.Duration) error {
	if value < low || value > high {
		return &Error{setting, fmt.Sprintf("%s is not from %s to %s", value, low, high), nil}
	}
	return nil
}

func validPort(text string, low int) bool {
	port, err := strconv.Atoi(text)
	return err == nil && low <= port && port <= 65535
}

// topicName is what Kafka takes as the name of a topic, at most 249 characters.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// CheckTopic checks the name of a Kafka topic.
func CheckTopic(setting, topic string) error {
	if topic == "." || topic == ".." || !topicName.MatchString(topic) {
		return &Error{setting, fmt.Sprintf("%q is not a topic: 1 to 249 letters, digits, dots, underscores and hyphens", topic), nil}
	}
	return nil
}

// CheckBaseURL checks the base URL of an HTTP API; it may be empty.
func CheckBaseURL(setting, base string) error {
	if base == "" {
		return nil
	}
	parsed, err := url.Parse(base)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || parsed.RawQuery != "" {
		return &Error{setting, fmt.Sprintf("%q is not a base URL such as http://localhost:8081", base), err}
	}
	return nil
}

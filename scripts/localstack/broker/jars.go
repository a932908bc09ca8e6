package broker

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ordertrack/scripts/localstack/dirlock"
	"ordertrack/scripts/localstack/process"
)

//go:embed pom.xml
var pom []byte

const (
	oldestJava    = 17
	javaSaysLimit = 20 * time.Second
)

var pomVersion = regexp.MustCompile(`<artifactId>kafka_[0-9.]+</artifactId>\s*<version>([^<]+)</version>`)

// ApacheVersion is the version of Apache Kafka that is run.
func ApacheVersion() string {
	match := pomVersion.FindSubmatch(pom)
	if match == nil {
		return "of an unknown version"
	}
	return string(match[1])
}

// Best is Apache Kafka where it can be run, else the embedded broker, with what the other lacks.
func Best(ctx context.Context) (kind Kind, lacking error) {
	if lacking := ApacheAvailable(ctx); lacking != nil {
		return Embedded, lacking
	}
	return Apache, nil
}

// ApacheAvailable says what is missing on this machine to run Apache Kafka: Java 17 or later, and Maven to get it.
func ApacheAvailable(ctx context.Context) error {
	if _, err := exec.LookPath("mvn"); err != nil {
		return errors.New("Apache Kafka needs Maven (mvn in PATH)") //nolint:staticcheck // a name, capital everywhere
	}
	ctx, cancel := context.WithTimeout(ctx, javaSaysLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, javaPath(), "-version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("Apache Kafka needs Java %d or later: %w", oldestJava, err) //nolint:staticcheck // a name
	}
	major, err := javaMajor(string(out))
	if err != nil {
		return err
	}
	if major < oldestJava {
		return fmt.Errorf("Apache Kafka needs Java %d or later, %s is %d", oldestJava, javaPath(), major) //nolint:staticcheck // a name
	}
	return nil
}

// javaPath is the Java of JAVA_HOME, else the first in PATH.
func javaPath() string {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return filepath.Join(home, "bin", "java")
	}
	if path, err := exec.LookPath("java"); err == nil {
		return path
	}
	return "java"
}

var javaVersion = regexp.MustCompile(`version "(\d+)(?:\.(\d+))?`)

// javaMajor reads the version out of what "java -version" says. Before 9 the major version was the second number.
func javaMajor(text string) (int, error) {
	match := javaVersion.FindStringSubmatch(text)
	if match == nil {
		return 0, fmt.Errorf("cannot read the version of Java in %q", strings.TrimSpace(text))
	}
	number := match[1]
	if number == "1" && match[2] != "" {
		number = match[2]
	}
	major, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("version of Java: %w", err)
	}
	return major, nil
}

// fetchJars has Maven bring Apache Kafka into the cache, once for each version of pom.xml, and returns the folder.
func fetchJars(ctx context.Context, cache string, log *slog.Logger) (string, error) {
	cache, err := filepath.Abs(cache)
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	target := jarsIn(cache)
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	lock, err := dirlock.Wait(ctx, filepath.Join(cache, "kafka.lock"))
	if err != nil {
		return "", fmt.Errorf("wait for another download of Apache Kafka: %w", err)
	}
	defer func() { _ = lock.Release() }()
	if _, err := os.Stat(target); err == nil { // another process was faster
		return target, nil
	}
	log.InfoContext(ctx, "fetching Apache Kafka once (about 44 MB)", "into", target)
	if err := fetchWithMaven(ctx, cache, target); err != nil {
		return "", fmt.Errorf("fetch Apache Kafka: %w", err)
	}
	return target, nil
}

// jarsIn is the folder of the jars, named after the pom.xml that brings them.
func jarsIn(cache string) string {
	digest := sha256.Sum256(pom)
	return filepath.Join(cache, fmt.Sprintf("kafka-%x", digest[:6]))
}

func fetchWithMaven(ctx context.Context, cache, target string) error {
	maven, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("find Maven: %w", err)
	}
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	file := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(file, pom, 0o600); err != nil {
		return fmt.Errorf("write pom.xml: %w", err)
	}
	libs := filepath.Join(work, "libs")
	args := []string{"-q", "-B", "-f", file, "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=" + libs}
	if err := process.Run(ctx, process.Spec{Name: "mvn", Path: maven, Args: args, OnParentDeath: syscall.SIGKILL}); err != nil {
		return err
	}
	if err := os.Rename(libs, target); err != nil {
		return fmt.Errorf("keep what was fetched: %w", err)
	}
	return nil
}

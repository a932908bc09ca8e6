package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"ordertrack/client"
)

// This places an order, and reads the user's counter once it is in it.
func Example() {
	ordersURL, usersURL, stop := services() // of a running system: http://localhost:8080 and http://localhost:8081
	defer stop()
	orders, err := client.NewOrders(ordersURL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer orders.Close()
	users, err := client.NewUsers(usersURL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer users.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	placed, err := orders.Place(ctx, client.Draft{Name: "Ada", Note: "two of them"})
	if unknown, ok := errors.AsType[*client.UnknownOutcome](err); ok {
		// It may have been placed. The key can be kept, and the same placed again with client.WithKey(unknown.Key).
		fmt.Println("not known:", unknown.Err)
		return
	}
	if err != nil {
		fmt.Println("not placed:", err)
		return
	}
	user, err := users.After(ctx, "Ada", placed.Token, 10*time.Second)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("order %d is one of %d orders of %s\n", placed.ID, user.Counter, user.Name)
	// Output: order 1 is one of 3 orders of Ada
}

// services stand in for the two, as far as the example needs them.
func services() (ordersURL, usersURL string, stop func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			place(w)
			return
		}
		answer(w, http.StatusOK, map[string]any{"id": 1, "name": "Ada", "counter": 3})
	}))
	return server.URL, server.URL, server.Close
}

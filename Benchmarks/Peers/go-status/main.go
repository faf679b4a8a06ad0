// A status route in Go: net/http and encoding/json of the standard library. It verifies an HMAC-SHA256 token, finds the user among all
// users in memory and renders ten connections for each request, as the host does. No access log.
package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

type integration struct {
	Service      string   `json:"service"`
	Status       string   `json:"status"`
	AccountID    string   `json:"accountId"`
	AccountName  string   `json:"accountName"`
	ConnectedAt  string   `json:"connectedAt"`
	LastSyncAt   *string  `json:"lastSyncAt"`
	Permissions  []string `json:"permissions"`
	ConnectionID string   `json:"connectionId"`
}

type status struct {
	Success      bool          `json:"success"`
	Integrations []integration `json:"integrations"`
	Count        int           `json:"count"`
}

func main() {
	count, _ := strconv.Atoi(os.Args[1])
	key := make([]byte, 32)
	rand.Read(key)
	sign := func(user string) string {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(user))
		return hex.EncodeToString(mac.Sum(nil))
	}
	users := make(map[string][]integration, count)
	tokens, err := os.Create(os.Args[2])
	if err != nil {
		panic(err)
	}
	for number := 0; number < count; number++ {
		user := fmt.Sprintf("user-%d", number)
		var connections []integration
		for place := 0; place < 10; place++ {
			connections = append(connections, integration{
				Service: fmt.Sprintf("integration-%d", place), Status: "connected",
				AccountID: fmt.Sprintf("account-%d-%d", number, place), AccountName: "An account of the user",
				ConnectedAt: "2026-01-01T00:00:00Z", Permissions: []string{"read", "write"},
				ConnectionID: fmt.Sprintf("conn-%025d", number*10+place),
			})
		}
		users[user] = connections
		fmt.Fprintf(tokens, "%s.%s\n", user, sign(user))
	}
	tokens.Close()
	http.HandleFunc("/api/integrations/status", func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		user, mark, _ := strings.Cut(token, ".")
		connections, known := users[user]
		if !known || !hmac.Equal([]byte(mark), []byte(sign(user))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := json.Marshal(status{Success: true, Integrations: connections, Count: len(connections)})
		w.Header().Set("Content-Type", "application/json")
		w.Write(body)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}

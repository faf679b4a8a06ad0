// A peer for `scripts/bench write`: one route that inserts a row and answers when PostgreSQL has it on the disk.
//
//	go-pgx DATABASE_URL
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/jackc/pgx/v4/pgxpool"
)

type integration struct {
	IsConnected   *bool  `json:"isconnected"`
	UserID        string `json:"userId"`
	IntegrationID string `json:"integrationId"`
}

// The session is a text and its HMAC, as the least that a server must check.
func isSession(header string, key []byte) bool {
	token := strings.TrimPrefix(header, "Bearer ")
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return false
	}
	given, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(token[:dot]))
	return hmac.Equal(given, mac.Sum(nil))
}

func main() {
	config, err := pgxpool.ParseConfig(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = 64
	pool, err := pgxpool.ConnectConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	key := []byte("benchmark")
	http.HandleFunc("/api/userIntegration", func(w http.ResponseWriter, r *http.Request) {
		if !isSession(r.Header.Get("Authorization"), key) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		var wanted integration
		if err != nil || json.Unmarshal(body, &wanted) != nil || wanted.IsConnected == nil || wanted.UserID == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		var id int64
		err = pool.QueryRow(r.Context(),
			"insert into user_integration(usr, integration, connected) values($1, $2, $3) returning id",
			wanted.UserID, wanted.IntegrationID, *wanted.IsConnected).Scan(&id)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{
			"status": 200, "message": "UserIntegration created succesfully!!",
			"data": map[string]any{
				"id": id, "isconnected": *wanted.IsConnected, "userId": wanted.UserID,
				"integrationId": wanted.IntegrationID,
			},
		})
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("session"))
	fmt.Printf("listening %d session.%s\n", listener.Addr().(*net.TCPAddr).Port,
		base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
	log.Fatal(http.Serve(listener, nil))
}

package httpapi

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5emb"
)

const (
	documentPath = "/openapi.yaml"
	docsPath     = "/docs"
	htmlType     = "text/html; charset=utf-8"
	yamlType     = "application/yaml" // RFC 9512
)

// viewerFiles are what the page at /docs loads.
var viewerFiles = []string{
	"swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "favicon-16x16.png", "favicon-32x32.png",
}

// RegisterPages serves what people read: the API's document at /openapi.yaml, a viewer of it at /docs that needs no
// network, and a page for each type of problem below /problems.
func RegisterPages(router gin.IRouter, title string, document []byte) {
	router = WithHead(router)
	router.GET(documentPath, Compress, func(c *gin.Context) {
		_ = WriteTagged(c.Writer, c.Request, yamlType, document) // a client that has gone gets no answer
	})
	viewer := gin.WrapH(v5emb.New(title, documentPath, docsPath))
	router.GET(docsPath, viewer)
	for _, file := range viewerFiles {
		router.GET(docsPath+"/"+file, viewer)
	}
	index := render(kinds...)
	router.GET("/problems", func(c *gin.Context) { c.Data(http.StatusOK, htmlType, index) })
	for _, kind := range kinds {
		page := render(kind)
		router.GET(kind.Type(), func(c *gin.Context) { c.Data(http.StatusOK, htmlType, page) })
	}
}

var problemPage = template.Must(template.New("problems").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Problems</title>
<style>body{font:16px/1.5 sans-serif;max-width:42em;margin:2em auto;padding:0 1em}code{background:#eee;padding:0 .3em}</style>
</head><body>
{{range .}}<h1 id="{{.Slug}}">{{.Title}}</h1>
<p><a href="{{.Type}}"><code>{{.Type}}</code></a>, status {{.Status}}</p>
<p>{{.Meaning}}</p>
<p>{{.Remedy}}</p>
{{end}}<p><a href="/problems">All types of problems</a>, <a href="/docs">the API</a></p>
</body></html>
`))

func render(kinds ...Kind) []byte {
	var page bytes.Buffer
	if err := problemPage.Execute(&page, kinds); err != nil { // the template is a constant, and the test renders it
		panic(err)
	}
	return page.Bytes()
}

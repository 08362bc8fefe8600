# Everything a person or CI does with the project, by name.

GO ?= go
export CGO_ENABLED = 0

.PHONY: build demo test fault check bench generate clean

build: ## bin/poolkeeper, static
	$(GO) build -trimpath -o bin/poolkeeper ./cmd/poolkeeper

demo: build ## the main job, end to end, on a throw-away server
	bin/poolkeeper demo

test: ## install what the tests need, then run them all
	sh scripts/test.sh

fault: ## break disks, clocks, networks, databases and processes under load; root for some
	sh scripts/test.sh fault

check: ## format, vet, lint, generated files, layers
	sh scripts/check.sh

bench: ## performance against floors measured in the same run
	$(GO) run ./bench

generate:
	$(GO) generate ./...

clean:
	rm -rf bin

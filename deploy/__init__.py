"""Ways to run Arrears: on one machine (`local`), in containers, on Kubernetes."""

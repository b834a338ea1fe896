"""What contact calls outside of itself: other services, mail servers, text gateways, printers."""

"""The queue face: deliveries become requests, the service's word becomes an ack or a release."""

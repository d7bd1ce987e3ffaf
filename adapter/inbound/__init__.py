"""The faces: gRPC, AMQP and HTTP. They translate in, call the service, translate out."""

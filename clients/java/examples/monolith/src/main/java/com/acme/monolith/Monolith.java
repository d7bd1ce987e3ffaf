package com.acme.monolith;

import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Tickets are classified while the caller waits, by gRPC; invoices are read in the background, by queue. */
@SpringBootApplication
public class Monolith {

  /** The adapter sends results to queues that are called so: {@code <name>.replies}. */
  static final String REPLIES = "monolith.replies";

  public static void main(String[] arguments) {
    SpringApplication.run(Monolith.class, arguments);
  }

  @Bean
  Queue replies() {
    return QueueBuilder.durable(REPLIES).quorum().build();
  }
}

package io.llmadapter.spring.it;

import io.llmadapter.amqp.JobReply;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import llmadapter.classifyticket.Triage;
import llmadapter.extractinvoice.BookingRecord;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.stereotype.Component;

/** Listeners as a monolith has them; each keeps what it got for the tests. */
@Component
public class Listeners {

  private static final String ADAPTER = "adapterListenerContainerFactory";

  final BlockingQueue<Triage> typed = new LinkedBlockingQueue<>();
  final BlockingQueue<JobReply<Triage>> replies = new LinkedBlockingQueue<>();
  final BlockingQueue<JobReply<BookingRecord>> bookings = new LinkedBlockingQueue<>();
  final BlockingQueue<Message> raw = new LinkedBlockingQueue<>();
  final BlockingQueue<Triage> plain = new LinkedBlockingQueue<>();

  @RabbitListener(queues = "typed.replies", containerFactory = ADAPTER)
  void onDocument(Triage triage) {
    typed.add(triage);
  }

  @RabbitListener(queues = "any.replies", containerFactory = ADAPTER)
  void onAnyOutcome(JobReply<Triage> reply) {
    replies.add(reply);
  }

  @RabbitListener(queues = "booking.replies", containerFactory = ADAPTER)
  void onBooking(JobReply<BookingRecord> reply) {
    bookings.add(reply);
  }

  @RabbitListener(queues = "raw.replies", containerFactory = ADAPTER)
  void onMessage(Message message) {
    raw.add(message);
  }

  @RabbitListener(queues = "handled.replies", containerFactory = ADAPTER, errorHandler = "failures")
  void onDocumentWithHandler(Triage triage) {
    typed.add(triage);
  }

  /** As a monolith that knows nothing of our converter would do it. */
  @RabbitListener(queues = "plain.replies", containerFactory = "plainFactory")
  void onPlain(Triage triage) {
    plain.add(triage);
  }
}

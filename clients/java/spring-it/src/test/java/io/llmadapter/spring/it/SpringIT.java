package io.llmadapter.spring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.llmadapter.amqp.AdapterRabbit;
import io.llmadapter.amqp.JobReply;
import io.llmadapter.amqp.JsonConverter;
import io.llmadapter.amqp.Outcome;
import io.llmadapter.amqp.RequestProperties;
import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.JobKey;
import io.llmadapter.client.Reasons;
import io.llmadapter.client.Verdict;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import llmadapter.classifyticket.Ticket;
import llmadapter.classifyticket.Triage;
import llmadapter.extractinvoice.BookingRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.support.converter.SimpleMessageConverter;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** Requests and results of a Spring application, with a real RabbitMQ and a running adapter. */
@SpringBootTest(classes = Monolith.class)
class SpringIT {

  private static final String TASK = "classify-ticket";
  private static final long PATIENCE_SECONDS = 30;

  @Autowired private Listeners listeners;
  @Autowired private Failures failures;
  @Autowired private AdapterRabbit adapter;
  @Autowired private AdapterClient client;
  @Autowired private RabbitTemplate plainTemplate;
  @Autowired private RabbitAdmin admin;

  private final String id = "ticket-" + UUID.randomUUID();

  @DynamicPropertySource
  static void addresses(DynamicPropertyRegistry registry) {
    registry.add("spring.rabbitmq.addresses", World.BROKER::springAddress);
    registry.add("spring.rabbitmq.publisher-confirm-type", () -> "simple");
    registry.add("llm-adapter.target", World.ADAPTER::target);
    registry.add("llm-adapter.plaintext", () -> true);
  }

  @BeforeEach
  void nothingIsDead() {
    admin.purgeQueue(Monolith.DEAD, false);
  }

  @Test
  void aDocumentIsBoundToTheClassOfTheListener() {
    adapter.send(TASK, ticket(), RequestProperties.of(id).replyTo("typed.replies"));

    Triage triage = taken(listeners.typed);

    assertThat(triage.category()).isNotNull().isNotEqualTo(Triage.Category.UNKNOWN);
    assertThat(triage.summary()).isNotEmpty();
  }

  @Test
  void aFailureNeverReachesATypedListenerAndIsDeadLetteredOnce() {
    adapter.send(TASK, ticket(), RequestProperties.of(id).replyTo("typed.replies").label("simulate", "refusal"));

    Message dead = plainTemplate.receive(Monolith.DEAD, TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));

    assertThat(dead).isNotNull();
    assertThat(dead.getMessageProperties().<String>getHeader("llm-reason")).isEqualTo(Reasons.MODEL_REFUSED);
    assertThat(listeners.typed).isEmpty();
    assertThat(plainTemplate.receive(Monolith.DEAD)).isNull();
  }

  @Test
  void aResultUnderReviewNeverReachesATypedListener() {
    adapter.send(TASK, ticket(), RequestProperties.of(id).replyTo("typed.replies").label("simulate", "review"));

    Message dead = plainTemplate.receive(Monolith.DEAD, TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));

    assertThat(dead).isNotNull();
    assertThat(dead.getMessageProperties().<String>getHeader("llm-outcome")).isEqualTo("review");
    assertThat(listeners.typed).isEmpty();
  }

  @Test
  void anErrorHandlerOfAListenerGetsTheException() throws InterruptedException {
    adapter.send(TASK, ticket(), RequestProperties.of(id).replyTo("handled.replies").label("simulate", "refusal"));

    Throwable handled = failures.handled.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);

    assertThat(handled).isInstanceOf(AdapterException.class);
    assertThat(((AdapterException) handled).reason()).isEqualTo(Reasons.MODEL_REFUSED);
    assertThat(((AdapterException) handled).requestId()).contains(id);
  }

  @Test
  void oneListenerTakesEveryOutcomeAsAReply() {
    adapter.send(TASK, ticket(), RequestProperties.of(id).replyTo("any.replies").correlationId("row 1"));
    JobReply<Triage> succeeded = taken(listeners.replies);
    String failing = adapter.send(TASK, new Ticket().customer("1"), RequestProperties.random().replyTo("any.replies"));
    JobReply<Triage> failed = taken(listeners.replies);

    assertThat(succeeded.outcome()).isEqualTo(Outcome.SUCCEEDED);
    assertThat(succeeded.document().team()).isNotNull();
    assertThat(succeeded.requestId()).isEqualTo(id);
    assertThat(succeeded.correlationId()).isEqualTo("row 1");
    assertThat(succeeded.verdict()).isEqualTo(Verdict.ACCEPTED);
    assertThat(failed.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(failed.requestId()).isEqualTo(failing);
    AdapterException error = failure(failed::document);
    assertThat(error.reason()).isEqualTo(Reasons.INPUT_INVALID);
    assertThat(error.isRetryable()).isFalse();
    assertThat(error.violations()).extracting(each -> each.rule()).containsExactly("required");
    assertThat(failed.documentForReview()).isEmpty();
  }

  @Test
  void aReplyUnderReviewGivesItsDocumentToWhoAsksForItOnly() {
    adapter.send(TASK, ticket(), RequestProperties.of(id).replyTo("any.replies").label("simulate", "review"));

    JobReply<Triage> reply = taken(listeners.replies);

    assertThat(reply.outcome()).isEqualTo(Outcome.REVIEW);
    assertThat(failure(reply::document).reason()).isEqualTo(Reasons.REVIEW_NEEDED);
    assertThat(reply.documentForReview().get().category()).isNotNull();
    assertThat(reply.verdict()).isEqualTo(Verdict.NEEDS_REVIEW);
  }

  @Test
  void everyDigitOfAnInvoiceArrives() {
    Message invoice = MessageBuilder.withBody(World.sample("extract-invoice", "01-one-line.txt")).build();
    adapter.send("extract-invoice", invoice, RequestProperties.of(id).replyTo("booking.replies").contentType("text/plain"));

    BookingRecord booking = taken(listeners.bookings).document();

    assertThat(booking.grossTotal()).isEqualTo(new BigDecimal("190.40"));
    assertThat(booking.dueDate()).isEqualTo(LocalDate.of(2026, 11, 17));
    assertThat(booking.currency()).isEqualTo(BookingRecord.Currency.EUR);
    assertThat(booking.lines()).hasSize(1);
  }

  @Test
  void aListenerOfMessagesGetsWhateverComes() {
    adapter.send(TASK, ticket(), RequestProperties.of(id).replyTo("raw.replies").label("simulate", "refusal"));

    Message message = taken(listeners.raw);

    assertThat(message.getMessageProperties().getContentType()).isEqualTo("application/vnd.llm-adapter.failure");
  }

  @Test
  void aConverterThatKnowsNothingOfUsBindsADocumentButNeitherFailureNorReview() {
    plainSend("plain.replies", "refusal");
    Message failure = plainTemplate.receive(Monolith.DEAD, TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
    plainSend("plain.replies", "review");
    Message review = plainTemplate.receive(Monolith.DEAD, TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
    plainSend("plain.replies", null);

    assertThat(failure).isNotNull();
    assertThat(review).isNotNull();
    assertThat(taken(listeners.plain).category()).isNotNull();
    assertThat(listeners.plain).isEmpty();
  }

  @Test
  void aRequestThatTheBrokerDoesNotTakeIsAnException() {
    AdapterRabbit astray =
        new AdapterRabbit(
            plainTemplate.getConnectionFactory(), JsonConverter.create(), "no.such.exchange", Duration.ofSeconds(1));

    // Often, because the broker's refusal may come before or after the wait for its confirm has begun.
    for (int time = 0; time < 50; time++) {
      AmqpException lost =
          catchThrowableOfType(() -> astray.send(TASK, ticket(), RequestProperties.random()), AmqpException.class);
      assertThat(lost).isNotNull();
    }
  }

  @Test
  void aCallReturnsTheDocument() {
    Triage triage = adapter.call(TASK, ticket(), RequestProperties.of(id), Triage.class);

    assertThat(triage.priority()).isNotNull();
    assertThat(client.getJob(JobKey.ofRequestId(id)).usage().modelCalls()).isEqualTo(1);
  }

  @Test
  void aCallThatFailsThrowsWithReasonViolationsAndJob() {
    AdapterException refused =
        failure(() -> adapter.call(TASK, ticket(), RequestProperties.of(id).label("simulate", "refusal"), Triage.class));
    AdapterException invalid =
        failure(() -> adapter.call(TASK, new Ticket().subject("?"), RequestProperties.random(), Triage.class));

    assertThat(refused.reason()).isEqualTo(Reasons.MODEL_REFUSED);
    assertThat(refused.jobId()).contains(client.getJob(JobKey.ofRequestId(id)).jobId());
    assertThat(refused.getMessage()).contains(id);
    assertThat(invalid.reason()).isEqualTo(Reasons.INPUT_INVALID);
    assertThat(invalid.violations()).hasSize(1);
  }

  @Test
  void aCallWhoseResultNeedsReviewThrows() {
    AdapterException review =
        failure(() -> adapter.call(TASK, ticket(), RequestProperties.of(id).label("simulate", "review"), Triage.class));

    assertThat(review.reason()).isEqualTo(Reasons.REVIEW_NEEDED);
  }

  @Test
  void theSendAndReceiveOfATemplateReturnsDocumentsAndThrowsFailures() {
    RabbitTemplate template = adapter.template();
    ParameterizedTypeReference<Triage> type = ParameterizedTypeReference.forType(Triage.class);

    Triage triage = template.convertSendAndReceiveAsType(TASK, (Object) ticket(), RequestProperties.of(id), type);
    AdapterException error =
        failure(() -> template.convertSendAndReceive(TASK, ticket(), RequestProperties.random().label("simulate", "refusal")));

    assertThat(triage.category()).isNotNull();
    assertThat(error.reason()).isEqualTo(Reasons.MODEL_REFUSED);
  }

  @Test
  void aLateReplyIsAnExceptionAndTheSameRequestAgainGetsTheOutcomeUnpaid() {
    adapter.setReplyTimeout(Duration.ofMillis(300));
    RequestProperties slow = RequestProperties.of(id).label("simulate", "slow");
    AdapterException late = failure(() -> adapter.call(TASK, ticket(), slow, Triage.class));
    adapter.setReplyTimeout(Duration.ofSeconds(PATIENCE_SECONDS));

    Triage triage = adapter.call(TASK, ticket(), slow, Triage.class);

    assertThat(late.reason()).isEqualTo(Reasons.DEADLINE_EXCEEDED);
    assertThat(late.isRetryable()).isTrue();
    assertThat(triage.category()).isNotNull();
    assertThat(client.getJob(JobKey.ofRequestId(id)).usage().modelCalls()).isEqualTo(1);
  }

  @Test
  void messagesHaveIdsByDefaultWhichThoseOfSpringHaveNot() {
    adapter.template().convertAndSend(TASK, ticket(), message -> {
      message.getMessageProperties().setReplyTo("any.replies");
      return message;
    });
    JobReply<Triage> ours = taken(listeners.replies);
    plainSend("any.replies", null);
    JobReply<Triage> plain = taken(listeners.replies);

    assertThat(ours.header("llm-deduplicated")).isEqualTo("true");
    assertThat(ours.requestId()).isNotEmpty();
    assertThat(plain.header("llm-deduplicated")).isEqualTo("false");
  }

  @Test
  void aSecondSendOfTheSameRequestGetsTheSameMessageAgain() {
    RequestProperties request = RequestProperties.of(id).replyTo("any.replies");
    adapter.send(TASK, ticket(), request);
    JobReply<Triage> first = taken(listeners.replies);
    adapter.send(TASK, ticket(), request);
    JobReply<Triage> second = taken(listeners.replies);

    assertThat(second.messageId()).isEqualTo(first.messageId());
    assertThat(second.jobId()).isEqualTo(first.jobId());
    assertThat(second.document()).isEqualTo(first.document());
  }

  @Test
  void aRequestAfterItsDeadlineIsNotWorkedOn() {
    Instant past = Instant.now().minusSeconds(1);
    AdapterException expired =
        failure(() -> adapter.call(TASK, ticket(), RequestProperties.of(id).deadline(past), Triage.class));

    assertThat(expired.reason()).isEqualTo(Reasons.REQUEST_EXPIRED);
    assertThat(client.getJob(JobKey.ofRequestId(id)).usage().modelCalls()).isZero();
  }

  @Test
  void theTemplateAndTheConverterOfTheMonolithStayAsTheyAre() {
    assertThat(plainTemplate).isNotSameAs(adapter.template());
    assertThat(plainTemplate.getMessageConverter()).isInstanceOf(SimpleMessageConverter.class);
  }

  private void plainSend(String replyTo, String fault) {
    String json = "{\"customer\": \"4711\", \"subject\": \"Parcel\", \"text\": \"" + UUID.randomUUID() + "\"}";
    plainTemplate.convertAndSend(AdapterRabbit.REQUESTS, TASK, json, message -> {
      message.getMessageProperties().setReplyTo(replyTo);
      if (fault != null) {
        message.getMessageProperties().setHeader("llm-label-simulate", fault);
      }
      return message;
    });
  }

  private static Ticket ticket() {
    return new Ticket().customer("4711").subject("Charged twice").text("Please pay back.").channel(Ticket.Channel.MAIL);
  }

  private static AdapterException failure(Runnable call) {
    return catchThrowableOfType(call::run, AdapterException.class);
  }

  private static <T> T taken(BlockingQueue<T> queue) {
    try {
      T taken = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertThat(taken).isNotNull();
      return taken;
    } catch (InterruptedException exception) {
      throw new IllegalStateException(exception);
    }
  }
}

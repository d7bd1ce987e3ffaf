package io.llmadapter.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.llmadapter.client.AdapterException;
import io.llmadapter.client.Reasons;
import io.llmadapter.client.Retryable;
import io.llmadapter.client.Violation;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.support.converter.MessageConversionException;
import org.springframework.core.ParameterizedTypeReference;

/** Runs with the class path of a monolith that uses queues only: no gRPC, no protobuf. */
class AdapterMessageConverterTest {

  private static final ParameterizedTypeReference<Booking> BOOKING = ParameterizedTypeReference.forType(Booking.class);
  private static final String FAILURE =
      "{\"job_id\":\"j\",\"state\":\"FAILED\",\"error\":{\"reason\":\"INPUT_INVALID\",\"message\":\"No.\",\"retryable\":\"FIX\","
          + "\"violations\":[{\"pointer\":\"/a\",\"rule\":\"required\",\"message\":\"is missing\"}]}}";
  private static final String REVIEW =
      "{\"job_id\":\"j\",\"state\":\"SUCCEEDED\",\"result\":{\"output\":{\"total\":12.3400,\"new\":1},\"verdict\":\"NEEDS_REVIEW\"}}";

  private final AdapterMessageConverter converter = JsonConverter.create();

  public static final class Booking {
    public BigDecimal total;
    public String note;
  }

  @Test
  void aDocumentIsBoundWithEveryDigit() {
    Message message = message("succeeded", "application/json", "{\"total\":12.3400,\"new\":1}");

    assertEquals(new BigDecimal("12.3400"), ((Booking) converter.fromMessage(message, BOOKING)).total);
    assertEquals(new BigDecimal("12.3400"), ((Booking) converter.fromMessage(inferred(message))).total);
  }

  @Test
  void anEnvelopeIsUnwrapped() {
    Message message = message("succeeded", "application/vnd.llm-adapter.job", REVIEW);

    assertEquals(new BigDecimal("12.3400"), ((Booking) converter.fromMessage(message, BOOKING)).total);
    assertEquals(new BigDecimal("12.3400"), ((Booking) converter.fromMessage(inferred(message))).total);
  }

  @Test
  void aFailureThrowsWithAllThatItsEnvelopeTells() {
    Message message = message("failed", "application/vnd.llm-adapter.failure", FAILURE);

    AdapterException error = assertThrows(AdapterException.class, () -> converter.fromMessage(message, BOOKING));

    assertEquals(Reasons.INPUT_INVALID, error.reason());
    assertEquals(Retryable.FIX, error.retryable());
    assertEquals(Collections.singletonList(Violation.of("/a", "required", "is missing")), error.violations());
    assertEquals("job-1", error.jobId().get());
    assertEquals("request-1", error.requestId().get());
    assertTrue(error.getCause() instanceof AmqpRejectAndDontRequeueException, "or it would come again for ever");
  }

  @Test
  void anEnvelopeThatCannotBeReadIsToldByItsHeaders() {
    Message message = message("failed", "application/vnd.llm-adapter.failure", "{\"error\":{");
    message.getMessageProperties().setHeader("llm-reason", "MODEL_REFUSED");

    AdapterException error = assertThrows(AdapterException.class, () -> converter.fromMessage(message));

    assertEquals(Reasons.MODEL_REFUSED, error.reason());
    assertFalse(error.isRetryable());
  }

  @ParameterizedTest
  @CsvSource({
    "review,application/vnd.llm-adapter.review",
    "review,application/json",
    ",application/vnd.llm-adapter.review",
    ",application/vnd.llm-adapter.failure",
    "cancelled,application/vnd.llm-adapter.failure",
    "cancelled,application/json",
    "postponed,application/json",
    "postponed,application/vnd.llm-adapter.postponement"
  })
  void whatIsNoUsableDocumentIsBoundByNoWay(String outcome, String contentType) {
    Message message = message(outcome, contentType, REVIEW);

    assertThrows(AdapterException.class, () -> converter.fromMessage(message));
    assertThrows(AdapterException.class, () -> converter.fromMessage(message, BOOKING));
    assertThrows(AdapterException.class, () -> converter.fromMessage(inferred(message)));
  }

  @Test
  void aReplyUnderReviewHasItsDocument() {
    Message message = message("review", "application/vnd.llm-adapter.review", REVIEW);
    ParameterizedTypeReference<JobReply<Booking>> type = new ParameterizedTypeReference<JobReply<Booking>>() {};

    JobReply<?> reply = (JobReply<?>) converter.fromMessage(message, type);

    assertEquals(Outcome.REVIEW, reply.outcome());
    assertEquals(Reasons.REVIEW_NEEDED, assertThrows(AdapterException.class, reply::document).reason());
    assertEquals(new BigDecimal("12.3400"), ((Booking) reply.documentForReview().get()).total);
    assertFalse(reply.toString().contains("12.34"), "no document in a log");
  }

  @Test
  void aReplyWithoutItsClassAndAMessageOfSomebodyElseAreRefused() {
    Message document = message("succeeded", "application/json", "{}");
    Message foreign = message(null, "application/json", "{}");
    ParameterizedTypeReference<JobReply<Booking>> type = new ParameterizedTypeReference<JobReply<Booking>>() {};

    assertThrows(
        MessageConversionException.class,
        () -> converter.fromMessage(document, ParameterizedTypeReference.forType(JobReply.class)));
    assertThrows(MessageConversionException.class, () -> converter.fromMessage(foreign, type));
  }

  @Test
  void messagesOfOthersAreTheOtherConvertersBusiness() {
    Message foreign = message(null, "application/json", "{\"total\":1}");

    assertEquals(1, ((Map<?, ?>) converter.fromMessage(foreign)).get("total"));
  }

  @Test
  void whatIsAbsentIsNotSent() {
    Message message = converter.toMessage(new Booking(), new MessageProperties());

    assertArrayEquals("{}".getBytes(StandardCharsets.UTF_8), message.getBody());
  }

  private static Message message(String outcome, String contentType, String body) {
    MessageProperties properties = new MessageProperties();
    properties.setContentType(contentType);
    properties.setContentEncoding("UTF-8");
    if (outcome != null) {
      properties.setHeader("llm-outcome", outcome);
      properties.setHeader("llm-job-id", "job-1");
      properties.setHeader("llm-request-id", "request-1");
    }
    return new Message(body.getBytes(StandardCharsets.UTF_8), properties);
  }

  private static Message inferred(Message message) {
    message.getMessageProperties().setInferredArgumentType(Booking.class);
    return message;
  }
}

import { ServiceError } from '../service.js';

/** KMS's errors with its wording, so that people who search for a message find AWS's own documents. */

export function notFound(message: string): ServiceError {
  return new ServiceError('NotFoundException', message);
}

export function validation(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}

export function unsupported(message: string): ServiceError {
  return new ServiceError('UnsupportedOperationException', message);
}

export function invalidState(message: string): ServiceError {
  return new ServiceError('KMSInvalidStateException', message);
}

export function disabled(arn: string): ServiceError {
  return new ServiceError('DisabledException', `${arn} is disabled.`);
}

export function limitExceeded(message: string): ServiceError {
  return new ServiceError('LimitExceededException', message);
}

export function alreadyExists(message: string): ServiceError {
  return new ServiceError('AlreadyExistsException', message);
}

export function malformedPolicy(message: string): ServiceError {
  return new ServiceError('MalformedPolicyDocumentException', message);
}

export function invalidKeyUsage(message: string): ServiceError {
  return new ServiceError('InvalidKeyUsageException', message);
}

/** KMS says nothing more, so that nobody learns from the answer why a ciphertext was refused. */
export function invalidCiphertext(): ServiceError {
  return new ServiceError('InvalidCiphertextException', '');
}

export function dryRun(): ServiceError {
  return new ServiceError(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  );
}

export function malformedJson(message: string): ServiceError {
  return new ServiceError('SerializationException', message);
}

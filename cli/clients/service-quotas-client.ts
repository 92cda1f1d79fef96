import { ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { client } from "../../lib/aws/client-options.ts";

export const serviceQuotas = client(ServiceQuotasClient);

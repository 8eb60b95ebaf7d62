"""The customer's plan as a table: every model with its fields, enums, unique keys, cascades and defaults.

Written down from the plan by hand, so that it does not follow the code: a field that goes missing here goes red there.
Names are the plan's, in camelCase. ``?`` after a type: may be null. ``=``: its default.
"""

from typing import NamedTuple


class Planned(NamedTuple):
    """One model of the plan: its table, its fields by name, its unique keys beside the primary key."""

    table: str
    fields: str
    unique: tuple[tuple[str, ...], ...] = ()


MODELS = {
    "User": Planned(
        "auth.users",
        "email:str password:str? name:str role:UserRole=USER createdAt updatedAt deletedAt:time?",
    ),
    "UserProfile": Planned(
        "auth.user_profiles",
        "userId bio:str? avatar:str? location:str? website:str? githubUrl:str? linkedinUrl:str? twitterUrl:str?"
        " preferences:json? occupation:str? company:str? phone:str? address:str? socials:json? createdAt updatedAt",
        (("userId",),),
    ),
    "Session": Planned("auth.sessions", "userId token:str expiresAt:time", (("token",),)),
    "OAuthAccount": Planned(
        "auth.oauth_accounts", "userId provider:OAuthProvider providerId:str", (("provider", "providerId"),)
    ),
    "PasswordReset": Planned(
        "auth.password_resets", "userId token:str expiresAt:time used:bool=False", (("token",),)
    ),
    "EmailVerification": Planned(
        "auth.email_verifications", "userId token:str verified:bool=False", (("token",),)
    ),
    "ProgrammingLanguage": Planned(
        "learning.programming_languages",
        "name:str slug:str description:str? icon:str? difficulty:Difficulty=BEGINNER isActive:bool=True"
        " createdAt updatedAt deletedAt:time?",
        (("name",), ("slug",)),
    ),
    "Module": Planned(
        "learning.modules",
        "languageId title:str slug:str description:str? syllabus:str? order:int createdAt updatedAt deletedAt:time?",
        (("languageId", "slug"),),
    ),
    "Material": Planned(
        "learning.materials",
        "moduleId title:str type:MaterialType content:str duration:int? order:int createdAt updatedAt deletedAt:time?",
    ),
    "Assignment": Planned(
        "learning.assignments",
        "moduleId title:str description:str difficulty:Difficulty starterCode:json? hints:json? maxScore:int=100"
        " timeLimit:int? createdAt updatedAt deletedAt:time?",
    ),
    "AssignmentSubmission": Planned(
        "learning.assignment_submissions",
        "userId assignmentId code:str language:str status:SubmissionStatus=PENDING score:int? feedback:str?"
        " submittedAt:time gradedAt:time?",
    ),
    "MCQQuiz": Planned(
        "learning.mcq_quizzes",
        "moduleId title:str description:str? passingScore:int=70 timeLimit:int? createdAt updatedAt deletedAt:time?",
    ),
    "MCQQuestion": Planned(
        "learning.mcq_questions",
        "quizId question:str explanation:str? order:int points:int=1 createdAt updatedAt",
    ),
    "MCQOption": Planned("learning.mcq_options", "questionId optionText:str isCorrect:bool order:int"),
    "MCQAttempt": Planned(
        "learning.mcq_attempts", "userId quizId score:int? startedAt:time completedAt:time?"
    ),
    "MCQAnswer": Planned("learning.mcq_answers", "attemptId questionId selectedOptionId:id? isCorrect:bool?"),
    "LanguageEnrollment": Planned(
        "learning.language_enrollments",
        "userId languageId status:EnrollmentStatus=ACTIVE enrolledAt:time completedAt:time?",
        (("userId", "languageId"),),
    ),
    "ModuleProgress": Planned(
        "learning.module_progress",
        "userId moduleId status:ProgressStatus=NOT_STARTED progressPercent:int=0 startedAt:time? completedAt:time?"
        " lastAccessedAt:time",
        (("userId", "moduleId"),),
    ),
    "MaterialProgress": Planned(
        "learning.material_progress",
        "userId materialId completed:bool=False viewCount:int=0 lastViewedAt:time completedAt:time?",
        (("userId", "materialId"),),
    ),
    "AssignmentAnalysis": Planned(
        "learning.assignment_analyses",
        "submissionId analysisType:AnalysisType=AI overallScore:int? strengths:json weaknesses:json suggestions:json"
        " codeQuality:json? detailedFeedback:str? aiModel:str? aiPrompt:str? analyzedBy:id? createdAt updatedAt",
        (("submissionId",),),
    ),
    "QuizAnalysis": Planned(
        "learning.quiz_analyses",
        "attemptId analysisType:AnalysisType=AI performanceBreakdown:json strongTopics:json weakTopics:json"
        " recommendations:json insights:str? avgTimePerQuestion:int? timeManagement:str? aiModel:str? analyzedBy:id?"
        " createdAt updatedAt",
        (("attemptId",),),
    ),
    "Subscription": Planned(
        "payments.subscriptions",
        "userId plan:SubscriptionPlan=FREE status:SubscriptionStatus=ACTIVE stripeCustomerId:str?"
        " stripeSubscriptionId:str? startedAt:time validUntil:time? canceledAt:time? metadata:json?"
        " createdAt updatedAt",
        (("userId",), ("stripeCustomerId",), ("stripeSubscriptionId",)),
    ),
    "Transaction": Planned(
        "payments.transactions",
        "userId subscriptionId:id? amount:int currency:str=usd status:TransactionStatus=PENDING"
        " stripePaymentIntentId:str? stripeChargeId:str? paymentMethod:str? description:str? createdAt paidAt:time?"
        " failedAt:time?",
        (("stripePaymentIntentId",), ("stripeChargeId",)),
    ),
    "Invoice": Planned(
        "payments.invoices",
        "subscriptionId invoiceNumber:str amount:int currency:str=usd tax:int? total:int status:InvoiceStatus=DRAFT"
        " stripeInvoiceId:str? invoiceUrl:str? issuedAt:time dueAt:time? paidAt:time?",
        (("invoiceNumber",), ("stripeInvoiceId",)),
    ),
    "PaymentMethod": Planned(
        "payments.payment_methods",
        "userId type:PaymentMethodType stripePaymentMethodId:str? last4:str? brand:str? expiryMonth:int?"
        " expiryYear:int? paypalEmail:str? isDefault:bool=False createdAt updatedAt",
        (("stripePaymentMethodId",),),
    ),
    "Notification": Planned(
        "notifications.notifications",
        "userId type:str title:str message:str priority:NotificationPriority read:bool=False",
    ),
    "NotificationPreference": Planned(
        "notifications.notification_preferences", "userId email:bool push:bool sms:bool", (("userId",),)
    ),
    "EmailLog": Planned("notifications.email_logs", "to:str subject:str status:EmailStatus sentAt:time?"),
    "UserActivity": Planned(
        "activity.user_activities", "userId type:str description:str metadata:json? createdAt"
    ),
    "AnalyticsEvent": Planned(
        "activity.analytics_events", "eventName:str userId:id? properties:json? createdAt"
    ),
}

#: The twelve, with `Role` replaced by its later form.
ENUMS = {
    "UserRole": "USER ADMIN",
    "Difficulty": "BEGINNER INTERMEDIATE ADVANCED",
    "MaterialType": "VIDEO ARTICLE CODE_EXAMPLE INTERACTIVE",
    "SubmissionStatus": "PENDING RUNNING PASSED FAILED ERROR",
    "ProgressStatus": "NOT_STARTED IN_PROGRESS COMPLETED",
    "EnrollmentStatus": "ACTIVE PAUSED COMPLETED DROPPED",
    "SubscriptionPlan": "FREE PRO ENTERPRISE",
    "SubscriptionStatus": "ACTIVE CANCELED EXPIRED PAUSED",
    "TransactionStatus": "PENDING PROCESSING SUCCEEDED FAILED REFUNDED",
    "InvoiceStatus": "DRAFT SENT PAID OVERDUE CANCELED",
    "PaymentMethodType": "CARD PAYPAL BANK_TRANSFER",
    "AnalysisType": "AI MANUAL HYBRID",
}

#: What goes with its owner: table and the table that it goes with.
CASCADES = {
    ("user_profiles", "users"),
    ("sessions", "users"),
    ("oauth_accounts", "users"),
    ("password_resets", "users"),
    ("email_verifications", "users"),
    ("language_enrollments", "users"),
    ("module_progress", "users"),
    ("material_progress", "users"),
    ("assignment_submissions", "users"),
    ("mcq_attempts", "users"),
    ("subscriptions", "users"),
    ("transactions", "users"),
    ("payment_methods", "users"),
    ("notifications", "users"),
    ("notification_preferences", "users"),
    ("user_activities", "users"),
    ("mcq_questions", "mcq_quizzes"),
    ("mcq_options", "mcq_questions"),
    ("mcq_answers", "mcq_attempts"),
    ("assignment_analyses", "assignment_submissions"),
    ("quiz_analyses", "mcq_attempts"),
    ("invoices", "subscriptions"),
}

/** Names of study files. */

/** Whether a name or path is a study file's. */
export const STUDY_FILE = /\.maskstudy\.ya?ml$/i;
